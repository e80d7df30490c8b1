"""People checked against the population register, and what it tells taken in (A7).

    tillit refresh population        the worker does the same every hour

A run of a controller reads the register's events from where it left off, then asks about those whom they concern, those
never asked about, and everybody anew once a year. Whom it asks about is on record before it asks; what comes in is
recorded with the register as its source, and only where the activity may record it. When the register fails, the run
ends where it is and the next one goes on: the cursor moves with the page, who waits stays waiting.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction

from tillit.audit.operations import append
from tillit.consent.queries import may_each
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import Disclosed, disclose_many
from tillit.journeys import events
from tillit.journeys.told_by_register import take_in_person
from tillit.kernel import clock
from tillit.parties.errors import RestrictedPersonError, SealedValueLostError, UnknownSubjectError
from tillit.parties.models import Fact, SealedFact
from tillit.parties.operations import open_fact
from tillit.registers import operations as registers
from tillit.registers import queries
from tillit.registers.client import Register, named
from tillit.registers.errors import RegisterError
from tillit.registers.models import Check, Feed
from tillit.registers.protocol import BATCH, PAGE, Told
from tillit.registers.sources import POPULATION, SOURCES, Source, controllers

ANEW = timedelta(days=365)
log = structlog.get_logger(__name__)


@dataclass
class Refreshed:
    """What a run did for a controller. failure: why it ended early, '' when everything was done."""

    controller: str
    events: int = 0
    asked: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    failure: str = ""


def refresh_everywhere() -> list[Refreshed]:
    """The worker's run: every controller whose declaration grounds it, unless the last failure asks to wait. Nothing at
    all where the installation names no register.
    """
    done = []
    for source in SOURCES.values():
        with suppress(RegisterError):
            register = named(source)
            done += [
                refresh(controller=one, register=register, source=source)
                for one in controllers(source)
                if (until := registers.feed_of(one, source).next_try) is None or until <= clock.now()
            ]
    return done


def refresh(
    *,
    controller: Controller,
    register: Register,
    source: Source = POPULATION,
    progress: Callable[[Refreshed], None] = lambda _: None,
) -> Refreshed:
    """One controller's run, from where the last left off. Outside every scope. Failures of the register are told, not
    raised.
    """
    done = Refreshed(controller.key)
    feed = registers.feed_of(controller, source)
    error = None
    try:
        if source.feeds:
            _read(controller, source, feed, register, done, progress)
        _want_others(controller, source)
        _ask(controller, source, register, done, progress)
    except RegisterError as failed:
        error, done.failure = failed, failed.code
        log.warning("register_failed", controller=controller.key, source=source.key, code=failed.code)
    registers.ended(feed=feed, error=error, at=clock.now())
    return done


def ask_about(*, controller: Controller, subject_id: int) -> None:
    """A colleague wants one person asked about: with the next run."""
    registers.want(controller=controller, source=POPULATION, subjects=[subject_id], reason="asked")


def _read(
    controller: Controller,
    source: Source,
    feed: Feed,
    register: Register,
    done: Refreshed,
    progress: Callable[[Refreshed], None],
) -> None:
    """Take in the register's events, page by page, to the last."""
    after = feed.sequence
    while True:
        page = register.after(after)
        if page and not registers.take_in(controller=controller, source=source, after=after, page=page):
            return  # another run is at it
        done.events += len(page)
        progress(done)
        if len(page) < PAGE:
            return
        after = page[-1].sequence


def _want_others(controller: Controller, source: Source) -> None:
    """Who has never been asked about, and whose answer is a year old."""
    before = clock.now() - ANEW
    with registers.scope_of(controller, source):
        found = queries.to_ask(controller=controller, source=source, before=before)
        known = set(
            Check.objects.filter(subject_id__in=found, source=source.key, checked_at__isnull=False).values_list(
                "subject_id", flat=True
            )
        )
    lawful = {s for s, answer in may_each(
        controller_id=controller.pk, activity=source.activity, subject_ids=found
    ).items() if answer}  # fmt: skip
    registers.want(controller=controller, source=source, subjects=lawful & known, reason="periodic")
    registers.want(controller=controller, source=source, subjects=lawful - known, reason="new")


def _ask(
    controller: Controller,
    source: Source,
    register: Register,
    done: Refreshed,
    progress: Callable[[Refreshed], None],
) -> None:
    """Ask about everybody who waits, a batch at a time."""
    while True:
        with registers.scope_of(controller, source):
            checks = queries.waiting(controller=controller, source=source, now=clock.now(), limit=BATCH)
        if not checks:
            return
        asked = _on_record(controller, source, checks, done)
        if asked:
            try:
                told = register.about([one for _, one in asked])
            except RegisterError:
                with registers.scope_of(controller, source):
                    for check, _ in asked:
                        registers.put_off(check=check, outcome="unreachable", at=clock.now())
                raise
            _take_in(controller, source, asked, told, done)
        progress(done)


def _on_record(
    controller: Controller, source: Source, checks: Sequence[Check], done: Refreshed
) -> list[tuple[Check, Disclosed]]:
    """Those of the people who may be asked about now, their number on its way on record; the others are settled."""
    at = clock.now()
    settled: dict[int, str] = {}
    with transaction.atomic(), registers.scope_of(controller, source) as scope:
        people = {check.subject_id: check for check in checks}
        numbers = {} if source.sealed else _in_clear(source, people)
        rows = SealedFact.objects.filter(subject_id__in=people, kind=source.asks, superseded_at__isnull=True)
        for row in rows:
            try:
                numbers[row.subject_id] = open_fact(scope=scope, fact=row)
            except SealedValueLostError:
                continue
        settled |= dict.fromkeys(set(people) - set(numbers), "no_number")
        try:
            sent = disclose_many(
                scope=scope,
                register_id=controller.register_id,
                controller_id=controller.pk,
                recipient=source.key,
                people={one: {source.asks: number} for one, number in numbers.items()},
                at=at,
            )
        except DisclosureRefusedError as refused:
            raise RegisterError("register-refused", f"the declaration refuses it: {refused.code}") from None
        settled |= {one: "restricted" if why == "restricted" else "refused" for one, why in sent.refused.items()}
        for one, outcome in settled.items():
            registers.settle(check=people[one], outcome=outcome, at=at)
            done.outcomes[outcome] = done.outcomes.get(outcome, 0) + 1
    return [(people[one.subject_id], one) for one in sent.items]


def _in_clear(source: Source, people: Collection[int]) -> dict[int, str]:
    """What each is asked about by, where it is no sealed fact: what the person gave, not what a register told."""
    rows = Fact.objects.filter(
        subject_id__in=people, kind=source.asks, superseded_at__isnull=True, failed_at__isnull=True
    )
    return dict(rows.exclude(source=source.key).values_list("subject_id", "value"))


def _take_in(
    controller: Controller,
    source: Source,
    asked: Sequence[tuple[Check, Disclosed]],
    told: Mapping[UUID, Told],
    done: Refreshed,
) -> None:
    """Take in what was told of each, in a transaction of its own."""
    declaration = current(controller_id=controller.pk, on=clock.today())
    changed = 0
    for check, sent in asked:
        at = clock.now()
        with transaction.atomic(), registers.scope_of(controller, source, {check.subject_id}) as scope:
            try:
                outcome = take_in_person(
                    scope=scope,
                    controller=controller,
                    declaration=declaration,
                    source=source,
                    subject_id=check.subject_id,
                    told=told[sent.reference],
                    at=at,
                )
                registers.settle(check=check, outcome=outcome, at=at)
            except RestrictedPersonError:
                outcome = "restricted"  # the row waits, hidden, until the restriction is lifted
            except UnknownSubjectError:
                outcome = "refused"  # erased meanwhile, and the row with the person
        done.outcomes[outcome] = done.outcomes.get(outcome, 0) + 1
        done.asked += 1
        changed += outcome not in {"unchanged", "not_found", "restricted", "refused"}
    with registers.scope_of(controller, source) as scope:
        append(
            type=events.REGISTER_CHECKED,
            scope=scope,
            controller=controller.pk,
            details={"source": source.key, "people": len(asked), "changed": changed},
        )
