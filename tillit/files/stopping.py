"""Where an import stopped: told in place of a traceback, with what is safe and how to go on.

`Where(…)` stands around a whole import and hears its progress; `in_chunk(n, of)` around each of its transactions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from tillit.files.errors import FileRefusedError, ImportStoppedError
from tillit.kernel.errors import TillitError

Progress = Callable[[str, int, int], None]  # phase, done, total
log = structlog.get_logger("tillit.files")


class _Chunk(str):
    """A note on an error: in which chunk it happened."""


class Where:
    """How far an import has come. `batch`: what the domain calls it, 0 while it has no name yet."""

    def __init__(self) -> None:
        self.batch = 0
        self.phase = ""

    def hearing(self, tell: Progress) -> Progress:
        """`tell`, overheard."""

        def told(phase: str, done: int, total: int) -> None:
            self.phase = phase
            tell(phase, done, total)

        return told

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise `ImportStoppedError` for whatever stops the block, but a file that is refused as a whole."""
        try:
            yield
        except (FileRefusedError, ImportStoppedError):
            raise
        except Exception as error:
            if not self.batch:
                raise  # nothing was begun: nothing to go on with
            at = next((note for note in getattr(error, "__notes__", ()) if isinstance(note, _Chunk)), "")
            stopped = ImportStoppedError(batch=self.batch, phase=self.phase, chunk=str(at), because=_cause(error))
            log.warning("import_stopped", **stopped.where)
            raise stopped from error


@contextmanager
def in_chunk(number: int, of: int) -> Iterator[None]:
    """Note on what stops the block which chunk it is, from 1."""
    try:
        yield
    except Exception as error:
        error.add_note(_Chunk(f"{number}/{of}"))
        raise


def _cause(error: BaseException) -> str:
    """What happened without a word of what it happened to: a code of ours or PostgreSQL's, or the kind of error."""
    state: Any = getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None)
    return error.code if isinstance(error, TillitError) else f"{type(error).__name__}{f' {state}' if state else ''}"
