"""Refusals of what systems ask for."""

from tillit.kernel.errors import TillitError


class SystemRefusedError(TillitError):
    """Nothing was told or changed; `code` says why."""

    exit_code = 2
