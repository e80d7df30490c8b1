"""Errors of the purchases domain. Messages never hold a value of a file."""

from tillit.kernel.errors import TillitError


class FileRefusedError(TillitError):
    """The whole file is refused before or while it is read; nothing of it is taken in."""

    exit_code = 2


class UnknownSourceError(TillitError):
    """No source of purchases has that key."""

    exit_code = 2


class InstrumentRefusedError(TillitError):
    """A card or account cannot be registered (C4)."""


class ReferenceDataError(TillitError):
    """A chain, store, product group, source or card range cannot be kept as given."""

    exit_code = 2


class QuarantineError(TillitError):
    """A quarantined row cannot be opened, repaired or replayed."""

    exit_code = 2
