"""Errors of the privacy engine."""

from tillit.kernel.errors import TillitError


class CannotKeepError(TillitError):
    """A declaration promises what the running system cannot do."""
