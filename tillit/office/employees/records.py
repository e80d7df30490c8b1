"""What an employee's record says, read from a form and sealed as one text (H16)."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from tillit.kernel.errors import TillitError
from tillit.kernel.money import Money
from tillit.office.employees.errors import EmployeeError
from tillit.office.employees.models import EmploymentRecord
from tillit.parties import sealing

_TABLE = "employees_record"
CURRENCY = "NOK"
LONGEST = 120
_MOST = 100_000_000


class Kind(StrEnum):
    """What a record is of."""

    POSITION = "position"
    SALARY = "salary"
    ABSENCE = "absence"


class Absence(StrEnum):
    """Why somebody was away. Never what is wrong with them: no diagnosis is kept (GDPR art. 9)."""

    SELF_CERTIFIED = "self_certified"
    CERTIFIED = "certified"
    CHILD = "child"
    LEAVE = "leave"
    HOLIDAY = "holiday"


@dataclass(frozen=True)
class Entry:
    """A record: from its first day to its last ('' while it goes on). title: of a position; percent: of full time;
    amount: a month's salary in minor units; reason: an `Absence`.
    """

    kind: str
    first: str
    last: str = ""
    title: str = ""
    percent: int = 0
    amount: int = 0
    reason: str = ""

    @property
    def money(self) -> Money:
        """The salary."""
        return Money(self.amount, CURRENCY)

    @property
    def begins(self) -> date:
        """The first day."""
        return date.fromisoformat(self.first)

    @property
    def ends(self) -> date | None:
        """The last day, where there is one."""
        return date.fromisoformat(self.last) if self.last else None


def read(kind: str, typed: dict[str, str]) -> Entry:
    """The record that was typed. Raises `EmployeeError`: `kind`, `days`, `title`, `percent`, `salary`."""
    if kind not in set(Kind):
        raise EmployeeError("kind", "a record is of a position, a salary or an absence")
    try:
        first = date.fromisoformat(typed.get("first", ""))
        last = date.fromisoformat(typed["last"]) if typed.get("last") else None
    except ValueError:
        raise EmployeeError("days", "the first day is missing") from None
    if last is not None and last < first:
        raise EmployeeError("days", "the last day comes before the first")
    days = (first.isoformat(), last.isoformat() if last else "")
    if kind == Kind.SALARY:
        return Entry(kind, *days, amount=_amount(typed.get("salary", "")))
    if kind == Kind.POSITION:
        title = " ".join(typed.get("title", "").split())
        if not title or len(title) > LONGEST:
            raise EmployeeError("title", "what is the position?")
        percent = typed.get("percent", "")
        if not percent.isdecimal() or not 0 < int(percent) <= 100:
            raise EmployeeError("percent", "a position is 1 to 100 per cent")
        return Entry(kind, *days, title=title, percent=int(percent))
    if typed.get("reason") not in set(Absence):
        raise EmployeeError("kind", "there is no such absence")
    return Entry(kind, *days, reason=typed["reason"])


def _amount(text: str) -> int:
    try:
        minor = Money.parse(text, CURRENCY).minor
    except TillitError:
        raise EmployeeError("salary", "that is no amount") from None
    if not 0 < minor <= _MOST:
        raise EmployeeError("salary", "that is no salary")
    return minor


def sealed(entry: Entry, *, subject_id: int, controller_id: int) -> bytes:
    """The record, sealed with the employee's own key."""
    text = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True)
    return sealing.seal(subject_id=subject_id, controller_id=controller_id, table=_TABLE, column="sealed", value=text)


def opened(row: EmploymentRecord) -> Entry:
    """What a record says. Raises `SealedValueLostError`."""
    text = sealing.open_sealed(
        subject_id=row.subject_id, controller_id=row.controller_id, table=_TABLE, column="sealed", sealed=row.sealed
    )
    return Entry(**json.loads(text))
