"""Errors of files that staff send."""

from tillit.kernel.errors import TillitError


class SentFileError(TillitError):
    """A file cannot be sent, confirmed or discarded as asked."""
