"""A union in the tests: its file written, taken in, and looked up (B1)."""

from datetime import date
from pathlib import Path
from typing import Any

from tillit.declaration.models import Controller
from tillit.journeys.register.importing import Outcome, import_file
from tillit.kernel.scope import Scope, system
from tillit.membership.models import Cover, Membership
from tillit.parties.models import Fact


def take(path: Path, union: Controller, *, full: bool = True, **how: Any) -> Outcome:
    """Take the file in."""
    return import_file(path=path, controller=union, full=full, **how)


def lines_of(path: Path) -> list[str]:
    """Its lines."""
    return path.read_text("utf-8").splitlines(keepends=True)


def write(path: Path, lines: list[str]) -> Path:
    """The lines as a file."""
    path.write_text("".join(lines), "utf-8")
    return path


def subject_of(union: Controller, number: int) -> int:
    """Whose member number that is."""
    with Scope(system("test", {union.pk}), "retention"):
        return Fact.objects.get(controller_id=union.pk, kind="member_number", value=str(10_000_000 + number)).subject_id


def stands(union: Controller, subject: int) -> tuple[list[tuple[str, bool]], int]:
    """The membership rows of somebody as (why they ended, whether they are listed), and how many covers are open."""
    with Scope(system("test", {union.pk}), "retention"):
        rows = Membership.objects.filter(subject_id=subject).order_by("starts", "ends")
        return [(one.end_reason, one.listed is not None) for one in rows], Cover.objects.filter(
            subject_id=subject, ends=None
        ).count()


def joined_again(path: Path, number: int, day: date) -> list[str]:
    """The file's lines, one of which says another day of joining."""
    lines = lines_of(path)
    lines[number] = lines[number].replace(lines[number].split(";")[9], f"{day:%d.%m.%Y}")
    return lines
