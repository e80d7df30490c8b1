"""Refusals of consents given elsewhere."""

from tillit.kernel.errors import TillitError


class ConsentRefusedError(TillitError):
    """The consent is not taken; `code` says why."""

    exit_code = 2
