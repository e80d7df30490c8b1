"""Taking in a register's events, and who is to be asked about there. Each opens its own scope; nothing is sent here."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.registers.errors import RegisterError
from tillit.registers.models import Check, Feed
from tillit.registers.protocol import Event
from tillit.registers.sources import Source

AGAIN = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240))


def scope_of(controller: Controller, source: Source, subjects: Collection[int] | None = None) -> Scope:
    """The scope in which a register is asked and its answers are recorded."""
    holder = holder_of(controller_id=controller.pk)
    people = None if subjects is None else frozenset(subjects)
    return Scope(system("registers", {controller.pk, holder}), source.activity, people)


def feed_of(controller: Controller, source: Source) -> Feed:
    """How far the controller has read the register."""
    return Feed.objects.get_or_create(controller=controller, source=source.key)[0]


def take_in(*, controller: Controller, source: Source, after: int, page: Sequence[Event]) -> bool:
    """Take in a page that was asked for with `after`: people of ours are to be asked about; False when another run has
    taken it in already, and then nothing happens. What it says of others is forgotten.
    """
    register = controller.register_id
    known = {digest(register, Kind.NATIONAL_NUMBER, one.identifier) for one in page if one.identifier}
    with transaction.atomic():
        found = directories.resolve_set(register_id=register, kind=Kind.NATIONAL_NUMBER, digests=sorted(known))
        moved = Feed.objects.filter(controller=controller, source=source.key, sequence=after).update(
            sequence=page[-1].sequence if page else after,
            read=F("read") + len(page),
            ours=F("ours") + len(found),
            unreadable=F("unreadable") + sum(not one.identifier for one in page),
        )
        if not moved:
            return False
        want(controller=controller, source=source, subjects=set(found.values()), reason="event")
    return True


def want(*, controller: Controller, source: Source, subjects: Collection[int], reason: str) -> int:
    """The people are to be asked about; how many. One asked about before is asked anew: what came meanwhile may say
    more. Noted for people whose processing is restricted, too, who are asked about when that is lifted.
    """
    if not subjects:
        return 0
    people = frozenset(subjects)
    with Scope(system("registers", {controller.pk}), "retention", people), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "checks", "want"),
            {
                "controller": controller.pk,
                "source": source.key,
                "subjects": sorted(subjects),
                "reason": reason,
                "at": clock.now(),
            },
        )
        return int(cursor.rowcount)


def settle(*, check: Check, outcome: str, at: datetime) -> None:
    """The person was asked about; in an open scope. Who was wanted anew meanwhile stays so."""
    mine = Check.objects.filter(subject_id=check.subject_id, id=check.id)
    mine.update(checked_at=at, outcome=outcome, tries=0, next_try=None)
    mine.filter(wanted_at=check.wanted_at).update(wanted_at=None)


def put_off(*, check: Check, outcome: str, at: datetime) -> None:
    """The person could not be asked about now; later."""
    wait = AGAIN[min(check.tries, len(AGAIN) - 1)]
    mine = Check.objects.filter(subject_id=check.subject_id, id=check.id)
    mine.update(outcome=outcome, tries=check.tries + 1, next_try=at + wait)


def ended(*, feed: Feed, error: RegisterError | None, at: datetime) -> None:
    """A run is over: everything was done, or it stopped at `error` and is taken up later."""
    if error is None:
        Feed.objects.filter(pk=feed.pk).update(run_at=at, done_at=at, failure="", tries=0, next_try=None)
        return
    wait = max(AGAIN[min(feed.tries, len(AGAIN) - 1)], timedelta(seconds=error.after))
    Feed.objects.filter(pk=feed.pk).update(run_at=at, failure=error.code, tries=F("tries") + 1, next_try=at + wait)
