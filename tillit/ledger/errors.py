"""Errors of the ledger. PostgreSQL raises them with a SQLSTATE of our own; see `BY_SQLSTATE`."""

from tillit.kernel.errors import TillitError


class LedgerError(TillitError):
    """The ledger refused."""


class ConflictError(LedgerError):
    """The natural key was used before with another content."""


class NotAllowedError(LedgerError):
    """The open scope may not write that book, that person, or rows in that state."""


class PeriodClosedError(LedgerError):
    """The record time falls in a closed period, or a period cannot be closed yet."""


class InsufficientFundsError(LedgerError):
    """The accounts do not hold the amount."""


class UnknownAccountError(LedgerError):
    """No such book or account kind, or no such transfer."""


BY_SQLSTATE: dict[str, tuple[type[LedgerError], str]] = {
    "TL001": (ConflictError, "ledger-conflict"),
    "TL002": (NotAllowedError, "ledger-not-allowed"),
    "TL003": (PeriodClosedError, "ledger-period-closed"),
    "TL004": (InsufficientFundsError, "insufficient-funds"),
    "TL005": (UnknownAccountError, "ledger-unknown"),
}
