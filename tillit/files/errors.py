"""Errors of files. Messages never hold a value of a file."""

from tillit.kernel.errors import TillitError


class FileRefusedError(TillitError):
    """The whole file is refused before or while it is read; nothing of it is taken in."""

    exit_code = 2


class SealedRowError(TillitError):
    """A row that was kept for repair cannot be opened."""

    exit_code = 2


class ImportStoppedError(TillitError):
    """An import stopped on its way: what was committed before stays, and the same file again goes on from there.

    `where`: batch, phase, chunk ("3/10", "" between chunks) and because (a code or a kind of error, never a value).
    """

    exit_code = 5

    def __init__(self, *, batch: int, phase: str, chunk: str, because: str) -> None:
        self.where = {"batch": batch, "phase": phase, "chunk": chunk, "because": because}
        at = f"{phase}, chunk {chunk}" if chunk else phase
        super().__init__(
            "import-stopped",
            f"batch {batch} stopped in phase {at} ({because}). What was committed before is in and stays; of this chunk"
            " nothing is. Give the same file again: it goes on from there, and nothing counts twice",
        )
