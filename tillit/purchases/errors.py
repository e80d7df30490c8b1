"""Errors of the purchases domain. Messages never hold a value of a file."""

from tillit.kernel.errors import TillitError


class UnknownSourceError(TillitError):
    """No source of purchases has that key."""

    exit_code = 2


class RowsRefusedError(TillitError):
    """Rows given one by one (API) cannot all be used, so none was. `faults`: (row from 1, field, reason code)."""

    exit_code = 2

    def __init__(self, faults: list[tuple[int, str, str]]) -> None:
        self.faults = faults
        super().__init__("rows-refused", f"{len(faults)} rows cannot be used")


class InstrumentRefusedError(TillitError):
    """A card or account cannot be registered (C4)."""


class ReferenceDataError(TillitError):
    """A chain, store, product group, source or card range cannot be kept as given."""

    exit_code = 2


class RefundError(TillitError):
    """A refund that waits cannot be settled or dismissed as asked."""

    exit_code = 2


class QuarantineError(TillitError):
    """A quarantined row cannot be opened, repaired or replayed."""

    exit_code = 2


class MissingPurchaseError(TillitError):
    """A missing purchase cannot be posted as stated."""

    exit_code = 2
