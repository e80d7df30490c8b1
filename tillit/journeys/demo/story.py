"""What the demonstration does, step by step; each step can be taken again. The command line tells the story.

Step by step: `declare`, `enrol`, `take_in`, `expire`, `spend`, `correct`, `leave_many`, `retain`, `answer_access`,
`erase_one`. A household's person is found again by e-mail, as anybody is.
"""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from tillit.audit.operations import link
from tillit.bonus import operations as bonus
from tillit.bonus import queries as balances
from tillit.bonus.models import Programme
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish_file
from tillit.journeys.demo import baskets
from tillit.journeys.demo.baskets import Lines
from tillit.journeys.demo.errors import DemoError
from tillit.journeys.demo.people import Person, person
from tillit.journeys.demo.shops import CLUBS, REGISTER, SOURCE, Shops
from tillit.journeys.join import Agreement, Joined, join
from tillit.journeys.leave import Left, leave
from tillit.journeys.purchase_import import Report, import_file
from tillit.journeys.rights import reading
from tillit.journeys.rights.receive import receive
from tillit.journeys.takeover import SET, Member, TakenOver, take_over
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger.operations import natural_key
from tillit.parties.actors import member_actor
from tillit.parties.lookup import by_address
from tillit.parties.models import Login, Subject
from tillit.privacy import copies, erasure, retention
from tillit.privacy.erasure import Item
from tillit.privacy.export import as_zip
from tillit.privacy.models import RetentionRun
from tillit.purchases.models import Batch, Source

Progress = Callable[[int, int], None]
FILE = "purchases.csv"
NEWCOMER = 9001  # a household number that no basket has
_SPENDERS, _LEAVERS = 9, 41  # every so many households


def foreign() -> str:
    """What stands in the database that the demonstration did not make; empty when it may run."""
    if Source.objects.exclude(key=SOURCE).exists():
        return "it holds other sources of purchases"
    if Subject.objects.exists() and not Source.objects.filter(key=SOURCE).exists():
        return "it holds other people"
    return ""


def anchor() -> date:
    """The day of the first run, which every date of the demonstration follows from."""
    first = (
        Batch.objects.filter(source__key=SOURCE).order_by("received_at").values_list("received_at", flat=True).first()
    )
    return clock.local_date(first) if first else clock.today()


def taken_in() -> Batch | None:
    """The batch of the baskets, when it is finished."""
    return Batch.objects.filter(source__key=SOURCE, state="finished").order_by("id").first()


def declare(*, examples: Path) -> list[tuple[str, int]]:
    """Check and publish every declaration under `examples`; (controller's name, its version) in order."""
    files = [
        file
        for folder in sorted(examples.iterdir())
        if folder.is_dir()
        for file in sorted(folder.glob("[!_]*.yaml"))
        if file.name != "coverage.yaml"
    ]
    if not files:
        raise DemoError("demo-examples", f"no declarations under {examples}")
    with transaction.atomic():
        versions = [publish_file(path=file, at=clock.now(), recompile=False) for file in files]
        enforce_grants()
    return [(version.controller.name, version.number) for version in versions]


def enrol(*, lines: Lines, made: Shops, progress: Progress) -> TakenOver:
    """Every household's person is taken over as a member of the clubs in whose stores it shops, since the day before it
    first did, with their cards. Those that shop in the coalition's own stores alone are in the first club.
    """
    controllers = {one.key: one.pk for one in Controller.objects.filter(register__key=REGISTER)}
    members = []
    for household, stores in sorted(lines.visits.items()):
        who = person(household)
        shopped = {made.club_of[made.chain_of[store]] for store in stores}
        clubs = tuple(controllers[club] for club in CLUBS if club in shopped) or (controllers[CLUBS[0]],)
        since = _noon(lines.since[household] - timedelta(days=1))
        members.append(Member(who.applicant, clubs, since, who.cards))
    new = known = cards = 0
    refused: dict[int, str] = {}
    for start in range(0, len(members), SET):
        done = take_over(members=members[start : start + SET], at=clock.now())
        new, known, cards = new + done.new, known + done.known, cards + done.instruments
        refused |= {start + place: code for place, code in done.refused.items()}
        progress(min(start + SET, len(members)), len(members))
    return TakenOver(new, known, cards, refused, {})


def one_joins(*, at: datetime) -> Joined:
    """One more person joins a club on the web, agreeing to the newsletter."""
    club = Controller.objects.get(key=CLUBS[1])
    news = Agreement("newsletter", "demo")
    return join(controller_id=club.pk, applicant=person(NEWCOMER).applicant, route="web", at=at, agreements=[news])


def write_file(*, lines: Lines, made: Shops, folder: Path, progress: Progress) -> tuple[Path, int]:
    """The file of purchases in `folder`, and how many rows it has."""
    people: dict[int, Person] = {household: person(household) for household in lines.visits}
    path = folder / FILE
    rows = baskets.write(lines=lines, to=path, chain_of=made.chain_of, people=people, progress=progress)
    return path, rows


def take_in(*, path: Path, progress: Callable[[str, int, int], None]) -> Report:
    """Import the file as `tillit import purchases` does, then remove it: it holds card numbers."""
    report = import_file(path=path, source_key=SOURCE, progress=progress)
    path.unlink()
    return report


def subject_of(household: int) -> int | None:
    """The person of a household, or None once they are gone."""
    register_id = Controller.objects.values_list("register_id", flat=True).get(key=REGISTER)
    return by_address(register_id=register_id, text=person(household).applicant.email)


def expire() -> dict[str, bonus.Expired]:
    """What has expired by today: chain's name → lots and amount, where there was any."""
    names = dict(Programme.objects.values_list("chain_id", "chain__name"))
    return {names[done.chain_id]: done for done in bonus.expire_everywhere() if done.lots}


@dataclass(frozen=True)
class Spent:
    """How many used bonus, and how much in all (øre)."""

    people: int
    amount: int


def spend(*, households: list[int], progress: Progress) -> Spent:
    """Every ninth member uses half of what they have in the chain where they have most, as themselves."""
    chosen = [household for household in households if household % _SPENDERS == 0]
    people = total = 0
    for count, household in enumerate(chosen, 1):
        subject_id = subject_of(household)
        if subject_id is not None:
            used = _spend(subject_id, household)
            people, total = people + (used > 0), total + used
        progress(count, len(chosen))
    return Spent(people, total)


def _spend(subject_id: int, household: int) -> int:
    acting = _member(subject_id)
    key = natural_key("demo", "use", household)
    with Scope(acting, "self_service"):
        most = max(balances.overview(subject_id=subject_id, on=clock.today()), key=lambda one: one.held, default=None)
        if most is None or most.available < 2 or balances.used(subject_id=subject_id, key=key):
            return 0
    with Scope(acting, "bonus_use") as scope:
        parts = bonus.use(
            scope=scope,
            subject_id=subject_id,
            chain_id=most.chain_id,
            amount=most.available // 2,
            key=key,
            at=clock.now(),
        )
    return sum(part.amount for part in parts)


def correct(*, household: int) -> balances.ChainBalance | None:
    """Take back from a member 50 kroner more than is left, as if counted twice: the balance goes below zero (C8)."""
    subject_id = subject_of(household)
    if subject_id is None:
        return None
    actor = _system("correction", subject_id)
    key = natural_key("demo", "correction", household)
    with Scope(actor, "bonus_correction", frozenset({subject_id})) as scope:
        standing = balances.corrections(subject_id=subject_id).get(key)
        all_chains = balances.overview(subject_id=subject_id, on=clock.today())
        if standing is None:
            most = max(all_chains, key=lambda one: one.held)
            standing = bonus.correct(
                scope=scope,
                subject_id=subject_id,
                chain_id=most.chain_id,
                amount=-(most.held + 50_00),
                key=key,
                event_at=clock.now(),
                at=clock.now(),
                reason="counted_twice",
            )
        found = balances.overview(subject_id=subject_id, on=clock.today())
    return next((one for one in found if one.chain_id == standing.chain_id), None)


def leave_many(*, households: list[int], progress: Progress) -> list[Left]:
    """Every forty-first member leaves all clubs."""
    chosen = [household for household in households if household % _LEAVERS == 0]
    register = Controller.objects.get(key=REGISTER)
    gone = []
    for count, household in enumerate(chosen, 1):
        subject_id = subject_of(household)
        if subject_id is not None:
            left = leave(subject_id=subject_id, controller_id=register.pk, at=clock.now())
            if left.controllers:
                gone.append(left)
        progress(count, len(chosen))
    return gone


def retain(*, on: date, progress: retention.Progress) -> RetentionRun:
    """Dispose of what is due on `on`. For a day to come the clock travels there, once: nothing goes before its day."""
    before = RetentionRun.objects.filter(as_of=on, dry_run=False, finished_at__isnull=False).first()
    if before is not None and on > clock.today():
        return before
    link()  # only events that are linked can go
    with clock.travel(on) if on > clock.today() else nullcontext():
        return retention.run(as_of=on, progress=progress)


def books_lapse(*, day: date) -> date:
    """The first day on which what was booked on `day` has been kept its statutory time (five years after the year)."""
    return date(day.year + 6, 1, 1)


def answer_access(*, household: int) -> tuple[int, int, Path] | None:
    """The member asks for access on Min side; the case's copy is written out: (rows, parts, file). None when the person
    is gone.
    """
    subject_id = subject_of(household)
    if subject_id is None:
        return None
    controller, actor = Controller.objects.get(key=REGISTER), _member(subject_id)
    # A session verifies who asks: the request is answered at once.
    case = receive(actor=actor, controller=controller, subject_id=subject_id, right="access", channel="self_service")
    copy = reading.fetch(
        actor=actor, controller=controller, subject_id=subject_id, case_id=case.id, form="json", language="nb"
    )
    answer = json.loads(copy or b"{}")
    rows = sum(len(part["rows"]) for part in answer["data"])
    return rows, len(answer["data"]), copies.write(as_zip(answer), suffix=".zip")


def erase_one(*, household: int) -> tuple[Left, list[Item]] | None:
    """A member leaves and asks to be erased at once: what happened to each item. None when that is done already."""
    subject_id = subject_of(household)
    if subject_id is None:
        return None
    register = Controller.objects.get(key=REGISTER)
    left = leave(subject_id=subject_id, controller_id=register.pk, at=clock.now())
    items = erasure.erase(
        actor=_system("rights", subject_id), subject_id=subject_id, ground="no_longer_needed", at=clock.now()
    )
    return left, items


def overview(*, household: int) -> list[balances.ChainBalance]:
    """What a member sees on Min side, as the member."""
    subject_id = subject_of(household)
    if subject_id is None:
        return []
    with Scope(_member(subject_id), "self_service"):
        return balances.overview(subject_id=subject_id, on=clock.today())


def warned(*, on: date) -> int:
    """How many lots members would be warned about on a day, in all chains."""
    found = 0
    for programme in Programme.objects.select_related("chain"):
        with Scope(system("warning", {programme.chain.controller_id}), "important_notices"):
            found += sum(1 for _ in balances.to_warn(programme=programme, on=on))
    return found


def _member(subject_id: int) -> Actor:
    login = Login.objects.get(subject_id=subject_id)
    assert login.register_id is not None  # noqa: S101 (a member's login)
    return member_actor(register_id=login.register_id, subject_id=subject_id, login_id=login.pk)


def _system(name: str, subject_id: int) -> Actor:
    register_id = Subject.objects.values_list("register_id", flat=True).get(pk=subject_id)
    return system(name, Controller.objects.filter(register_id=register_id).values_list("id", flat=True))


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(DEFAULT_ZONE))
