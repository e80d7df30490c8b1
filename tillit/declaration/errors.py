"""Errors of the declaration layer."""

from collections.abc import Sequence
from dataclasses import dataclass

from tillit.kernel.errors import TillitError


@dataclass(frozen=True)
class Problem:
    """One fault in a declaration file. `line` is 1-based; 0 where the file as a whole is at fault."""

    file: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} [{self.code}]"


class DeclarationRefusedError(TillitError):
    """The declaration cannot be accepted; `problems` holds every fault found."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("declaration-refused", "\n".join(str(problem) for problem in problems))


class PublishingError(TillitError):
    """A version that may not follow the one before it; `place` is the key of the declaration at fault."""

    exit_code = 2

    def __init__(self, code: str, message: str, place: tuple[str | int, ...] = ()) -> None:
        self.place = place
        super().__init__(code, message)


class DraftError(TillitError):
    """A draft cannot be begun, saved, approved, published or discarded as asked."""


class DraftConflictError(DraftError):
    """Somebody else has saved the same file since it was read; `revision` is theirs."""

    def __init__(self, revision: int) -> None:
        self.revision = revision
        super().__init__("draft-conflict", "somebody else has saved this file meanwhile")


class UnregisteredTableError(TillitError):
    """A table is neither personal nor declared not personal."""


class NotDeclaredError(TillitError):
    """The controller has published nothing that says so."""
