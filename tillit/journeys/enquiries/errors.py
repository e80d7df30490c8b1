"""Refusals of enquiries."""

from tillit.kernel.errors import TillitError


class MailRefusedError(TillitError):
    """A mail that cannot be taken in: `no-sender`."""
