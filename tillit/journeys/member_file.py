"""A register of members from another system, as CSV (docs/formats.md): taken over a set at a time.

Nothing of a row is told but its line and why it was refused; the good rows are in. The same file again enrols nobody
twice.
"""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tillit.declaration.models import Controller
from tillit.journeys.join import Applicant
from tillit.journeys.programme_file import moment
from tillit.journeys.takeover import SET, Member, take_over
from tillit.kernel import clock
from tillit.kernel.errors import TillitError

PERSON = ("given", "family", "street", "postal_code", "city", "email", "mobile", "birth_date")
COLUMNS = (*PERSON, "clubs", "since", "cards")
LONGEST = 16 * 1024  # characters of a field


class MemberFileError(TillitError):
    """The file cannot be read as one of members; nothing more of it is taken in."""

    exit_code = 2


class _RowError(Exception):
    """A row that cannot be used: its code."""


@dataclass
class Report:
    """How many are new, were known, and cards registered; line → why a row was refused; why cards were, how many."""

    new: int = 0
    known: int = 0
    cards: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    cards_refused: Counter[str] = field(default_factory=Counter)


def import_members(
    *, path: Path, controller: Controller, progress: Callable[[int], None] = lambda done: None
) -> Report:
    """Take over the file's members of the controller's register. Outside every scope; each set commits by itself.

    Raises `MemberFileError` for a file that is not UTF-8 CSV with exactly `COLUMNS`, separated by semicolons.
    """
    clubs = dict(Controller.objects.filter(register_id=controller.register_id).values_list("key", "pk"))
    report, waiting = Report(), dict[int, Member]()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            csv.field_size_limit(LONGEST)
            rows = csv.reader(file, delimiter=";", strict=True)
            if sorted(next(rows, [])) != sorted(COLUMNS):
                raise MemberFileError("columns", f"the columns are {';'.join(COLUMNS)}")
            file.seek(0)
            for row in csv.DictReader(file, delimiter=";", strict=True):
                line = report.new + report.known + len(report.refused) + len(waiting) + 2
                try:
                    waiting[line] = _member(row, clubs)
                except _RowError as error:
                    report.refused[line] = str(error)
                if len(waiting) == SET:
                    _take(waiting, report)
                    progress(line - 1)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise MemberFileError("unreadable", "the file cannot be read as CSV in UTF-8") from None
    _take(waiting, report)
    return report


def _member(row: dict[str, str], clubs: dict[str, int]) -> Member:
    if None in row or None in row.values():
        raise _RowError("columns")
    given = {name: row[name].strip() for name in PERSON}
    wanted = [key.strip() for key in row["clubs"].split(",") if key.strip()]
    if not wanted or not set(wanted) <= clubs.keys():
        raise _RowError("unknown-club")
    try:
        born, since = date.fromisoformat(given.pop("birth_date")), date.fromisoformat(row["since"].strip())
    except ValueError:
        raise _RowError("date-unreadable") from None
    if not clock.today() - timedelta(days=365 * 100) < since <= clock.today():
        raise _RowError("since")
    numbers = tuple(number.strip() for number in row["cards"].split(",") if number.strip())
    return Member(Applicant(**given, birth_date=born), tuple(clubs[key] for key in wanted), moment(since), numbers)


def _take(waiting: dict[int, Member], report: Report) -> None:
    lines = list(waiting)
    done = take_over(members=list(waiting.values()), at=clock.now())
    report.new, report.known = report.new + done.new, report.known + done.known
    report.cards += done.instruments
    report.cards_refused.update(done.numbers_refused)
    report.refused |= {lines[place]: code for place, code in done.refused.items()}
    waiting.clear()
