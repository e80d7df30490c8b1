"""What can go wrong with a request about one's rights."""

from tillit.kernel.errors import TillitError


class RequestError(TillitError):
    """A request that cannot be received or handled like that; `code` says why."""
