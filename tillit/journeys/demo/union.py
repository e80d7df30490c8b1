"""A union's register in the demonstration: its file taken in, the same again, and the file of a week later.

As `tillit import members` does it. The members are made up (`union_members`); of the later file one in fifty has moved
house, a few are not in it any more, and three rows cannot be used. One member says yes to benefits being chosen.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tillit.benefits import chosen
from tillit.consent.operations import shown
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys import choices, interests
from tillit.journeys.demo import union_members
from tillit.journeys.demo.people import person
from tillit.journeys.demo.union_members import Change
from tillit.journeys.register.importing import Outcome, Progress, import_file
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import card_codes, cards
from tillit.membership.models import RegisterFile
from tillit.parties import contacts, directories
from tillit.parties import operations as parties
from tillit.parties.digests import Kind, digest

UNION = "lyngheim"
MEMBERS, MOVED, LEFT = 2_500, Change(50), 20
_FIRST, _LATER = "members.csv", "members-a-week-later.csv"
_ONE, _PERSON = 7, 9201  # the member to sign in as; the address is of a household that no basket has


@dataclass(frozen=True)
class Registered:
    """What each file did, and for one member: whether the card counts now and a minute and a half later, and the titles
    chosen for them. All None where an earlier run did it.
    """

    first: Outcome | None = None
    again: Outcome | None = None
    later: Outcome | None = None
    counts: tuple[bool, bool] = (False, False)
    chosen: tuple[str, ...] = ()


def member_address() -> str:
    """The e-mail address of a member to sign in as."""
    return person(_PERSON).applicant.email


def set_up(*, members: int = MEMBERS, folder: Path, progress: Progress) -> Registered:
    """Take the files in. Again: what stands, and nothing new."""
    union = Controller.objects.get(key=UNION)
    if RegisterFile.objects.filter(controller=union, name=_LATER, state="finished").exists():
        return Registered()
    union_members.found(controller_id=union.pk)
    first = union_members.write(folder / _FIRST, members=members)
    later = _damaged(union_members.write(folder / _LATER, members=members - LEFT, change=MOVED))
    try:
        done = [import_file(path=path, controller=union, full=True, progress=progress) for path in (first, first)]
        done.append(import_file(path=later, controller=union, full=True, progress=progress))
    finally:
        for path in (first, later):  # they hold national numbers
            with suppress(FileNotFoundError):
                path.unlink()
    subject = _one(union)
    return Registered(done[0], done[1], done[2], _card(union, subject), _chosen(union, subject))


def _damaged(path: Path) -> Path:
    """Three more rows: a wrong number, a date that is none, a type that the union does not have."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    cells = lines[-1].split(";")
    for place, (column, text) in enumerate(((1, "12345678901"), (9, "31.02.2020"), (8, "ÆRE")), 1):
        row = [f"99{place:06}", "", *cells[2:]]
        row[column] = text
        lines.append(";".join(row))
    path.write_text("".join(lines), "utf-8")
    return path


def _one(union: Controller) -> int:
    """The member to sign in as, with an account and an e-mail address."""
    number = digest(union.register_id, Kind.MEMBER_NUMBER, str(10_000_000 + _ONE))
    subject = directories.resolve(register_id=union.register_id, kind=Kind.MEMBER_NUMBER, digest=number)
    assert subject is not None  # noqa: S101 (the file was just taken in)
    with Scope(system("demo", {union.pk}), "membership_administration") as scope:
        contacts.record_address(
            scope=scope, register_id=union.register_id, subject_id=subject, controller_id=union.pk, kind="email",
            text=member_address(), source="data_subject", at=clock.now(),
        )  # fmt: skip
        parties.open_account(scope=scope, subject_id=subject, register_id=union.register_id, at=clock.now())
    return subject


def _card(union: Controller, subject: int) -> tuple[bool, bool]:
    """The card on a phone, shown at a supplier now; and the same code, of which somebody took a picture, later."""
    at = clock.now()
    with Scope(system("demo", {union.pk}), cards.ACTIVITY, frozenset({subject})) as scope:
        card = cards.issue(scope=scope, subject_id=subject, controller_id=union.pk, device=True, at=at)
    code = cards.code_now(issued=card, subject_id=subject, at=at)
    later = at + timedelta(seconds=3 * card_codes.STEP_SECONDS)

    def counts(when: datetime) -> bool:
        return cards.verify(controllers={union.pk}, by="lysning", code=code, at=when)

    return counts(at), counts(later)


def _chosen(union: Controller, subject: int) -> tuple[str, ...]:
    """The member ticks a topic and says yes, as on Min side."""
    acting = system("demo", {union.pk})
    interests.state(actor=acting, controller=union, subject_id=subject, topics=["reise"])
    declared = current(controller_id=union.pk, on=clock.today()).activity(chosen.ACTIVITY)
    assert declared is not None  # noqa: S101 (the example declares it)
    said = shown(controller_id=union.pk, text=declared.purpose["nb"], language="nb", at=clock.now())
    choices.choose(
        actor=acting, controller=union, subject_id=subject, activity=chosen.ACTIVITY, channel="web", on=True,
        wording=said, route="min_side",
    )  # fmt: skip
    found = chosen.for_member(controller_id=union.pk, subject_id=subject, channel="web", at=clock.now())
    return tuple(one.text("en", "title") for one in found.benefits)
