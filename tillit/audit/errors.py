"""What the audit layer refuses. Messages name types and keys, never the value that was refused."""

from tillit.kernel.errors import TillitError


class EventRefusedError(TillitError):
    """The event is not of its type: unknown or missing key, a value of another kind, a subject too many or too few."""


class ChainRefusedError(TillitError):
    """The chain cannot be extended as asked; it is unchanged."""
