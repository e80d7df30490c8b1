"""Errors of files. Messages never hold a value of a file."""

from tillit.kernel.errors import TillitError


class FileRefusedError(TillitError):
    """The whole file is refused before or while it is read; nothing of it is taken in."""

    exit_code = 2


class SealedRowError(TillitError):
    """A row that was kept for repair cannot be opened."""

    exit_code = 2
