"""Errors of the demonstration."""

from tillit.kernel.errors import TillitError


class DemoError(TillitError):
    """The demonstration cannot run here; the message says what to do."""

    exit_code = 2
