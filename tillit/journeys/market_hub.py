"""Switches of supplier over the market hub: what is asked for leaves, what the hub says is carried out (E1).

    tillit refresh market-hub        the worker does the same every five minutes

A run of a controller sends what is due, then reads the hub's messages from where the last run left off. What leaves is
on record before it does; a message and how far was read are one transaction. Where the hub fails, the run ends where it
is and the next one goes on. What cannot be carried out yet (a later contract, a person whose processing is restricted)
waits and is tried again with each run.
"""

from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.operations import Disclosed, disclose
from tillit.files.errors import SealedRowError
from tillit.journeys import hub_words
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope
from tillit.parties.actors import within_reach
from tillit.parties.merging import same_person
from tillit.parties.models import SealedFact
from tillit.parties.operations import open_fact
from tillit.parties.queries import facts
from tillit.power.errors import PowerError
from tillit.power.hub import codes, operations, queries
from tillit.power.hub.client import PAGE, Answer, Hub, again, named
from tillit.power.hub.errors import HubError
from tillit.power.hub.models import DUE, HubFeed, HubProcess, Status, WaitingNotice

RECIPIENT = operations.RECIPIENT
_NUMBER = "national_number"
log = structlog.get_logger(__name__)


@dataclass
class Exchanged:
    """What a run did for a controller. failure: why it ended early, "" when everything was done."""

    controller: str
    sent: int = 0
    read: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    failure: str = ""

    def count(self, outcome: str) -> None:
        """One more of these."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def controllers() -> list[Controller]:
    """Whose declaration in effect names the hub, by id."""
    found = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    return [one for one in found if operations.promised(current(controller_id=one.pk, on=clock.today()))]


def exchange_everywhere() -> list[Exchanged]:
    """The worker's run: every controller the installation names a hub for, unless the last failure asks to wait."""
    done = []
    for one in controllers():
        try:
            hub = named(one)
        except HubError as error:
            log.warning("hub_failed", controller=one.key, code=error.code)
            continue
        until = operations.feed_of(one).next_try if hub else None
        if hub is not None and (until is None or until <= clock.now()):
            done.append(exchange(controller=one, hub=hub))
    return done


def exchange(*, controller: Controller, hub: Hub) -> Exchanged:
    """One controller's run. Outside every scope. Failures of the hub are told, not raised."""
    done, feed = Exchanged(controller.key), operations.feed_of(controller)
    try:
        _deliver(controller, hub, done)
        _read(controller, hub, feed, done)
        _try_again(controller, feed, done)
    except HubError as failed:
        done.failure = failed.code
        log.warning("hub_failed", controller=controller.key, code=failed.code)
    done.waiting = feed.waiting.filter(resolved_at=None).count()
    operations.ended(feed=feed, failure=done.failure, at=clock.now())
    return done


def _deliver(controller: Controller, hub: Hub, done: Exchanged) -> None:
    """Send what is due; ask about tries of which nothing is known."""
    while True:
        with hub_words.scope_of(controller):
            process = operations.claim(controller_id=controller.pk, at=clock.now())
        if process is None:
            return
        try:
            answer = hub.ask(process.reference) if process.status == Status.SENT else Answer("unknown")
            if answer.word == "unknown":
                if (sent := _release(controller, process)) is None:
                    continue
                answer = hub.send(
                    process=process.process,
                    reference=process.reference,
                    sender=controller.organisation_number,
                    original=_original(controller, process),
                    sent=sent,
                )
                done.sent += 1
        except HubError as error:
            if error.code != "hub-refused":
                with hub_words.scope_of(controller, process.subject_id):
                    operations.put_off(process=process, at=clock.now(), reason=error.code)
                raise
            _stuck(controller, process, error.code, done)
            continue
        except TillitError as error:  # a refused disclosure, a number that is not there: for a colleague
            _stuck(controller, process, error.code, done)
            continue
        with hub_words.person(controller, process.subject_id) as scope:
            done.count(hub_words.answered(scope, controller, process, answer))


def _release(controller: Controller, process: HubProcess) -> Disclosed | None:
    """What is sent put on record, and that a try has begun: committed before it leaves. None where it is over by now.

    The end of a supply is asked for without a name: the point and the day are enough.
    """
    at = clock.now()
    with hub_words.person(controller, process.subject_id) as scope:
        mine = HubProcess.objects.filter(subject_id=process.subject_id, id=process.id, status__in=DUE)
        if not mine.filter(due_at=process.due_at).exists():
            return None
        fields: dict[str, Any] = {"metering_point": process.point.gsrn, "power_contract": process.day.isoformat()}
        if process.process == codes.UPDATE or codes.PROCESSES[process.process].document == codes.REQUEST_START:
            known = facts(subject_id=process.subject_id)
            name = " ".join(filter(None, (known.get(f"name.{part}") for part in ("given", "middle", "family"))))
            fields |= {"name": name, _NUMBER: _number(scope, process.subject_id)}
        sent = disclose(
            scope=scope, subject_id=process.subject_id, controller_id=controller.pk, recipient=RECIPIENT, fields=fields,
            at=at,
        )  # fmt: skip
        operations.left(process=process, at=at)
    return sent


def _number(scope: Scope, subject_id: int) -> str:
    rows = SealedFact.objects.filter(subject_id__in=same_person(subject_id), kind=_NUMBER, superseded_at__isnull=True)
    found = rows.order_by("-recorded_at").first()
    if found is None:
        raise PowerError("hub-no-number", "the customer has no national number here")
    return open_fact(scope=scope, fact=found)


def _original(controller: Controller, process: HubProcess) -> Any:
    """The reference that a cancellation is about; None for what is none."""
    if process.process not in codes.ROLLBACKS.values():
        return None
    with hub_words.scope_of(controller, process.subject_id):
        asked = HubProcess.objects.filter(subject_id=process.subject_id, switch_id=process.switch_id)
        return asked.exclude(id=process.id).order_by("-queued_at").values_list("reference", flat=True).first()


def _stuck(controller: Controller, process: HubProcess, code: str, done: Exchanged) -> None:
    log.warning("hub_request_stuck", controller=controller.key, code=code)
    with hub_words.scope_of(controller, process.subject_id):
        operations.settle(process=process, status=Status.STUCK, at=clock.now(), reason=code[:40])
    done.count(Status.STUCK)


def _read(controller: Controller, hub: Hub, feed: HubFeed, done: Exchanged) -> None:
    """Take in the hub's messages, one by one, to the last."""
    after = HubFeed.objects.get(pk=feed.pk).sequence
    while True:
        page = hub.after(after)
        for notice in page:
            with transaction.atomic():
                moved = HubFeed.objects.filter(pk=feed.pk, sequence=after)
                if not moved.update(sequence=notice.sequence, read=F("read") + 1):
                    return  # another run is at it
                reason = hub_words.carried_out(controller, notice, done.count) if notice.message else ""
                if reason:
                    operations.keep(feed=feed, notice=notice, reason=reason, at=clock.now())
            after = notice.sequence
            done.read += 1
        if len(page) < PAGE:
            return


def _try_again(controller: Controller, feed: HubFeed, done: Exchanged) -> None:
    """What waited before this run, once more."""
    for row in feed.waiting.filter(resolved_at=None).order_by("sequence"):
        with transaction.atomic():
            try:
                notice = again(row.sequence, operations.opened(row))
            except SealedRowError:
                continue
            reason = hub_words.carried_out(controller, notice, done.count)
            if not reason:
                operations.resolve(row=row, how="done", at=clock.now())
            elif reason != row.reason:
                WaitingNotice.objects.filter(pk=row.pk).update(reason=reason[:40])


def look(*, actor: Actor, controller: Controller) -> tuple[queries.State, list[HubProcess]]:
    """How it stands, and the requests to look at, of people the colleague may look at: each look is on record."""
    with Scope(actor, operations.ACTIVITY, controllers=frozenset({controller.pk})) as scope:
        state = queries.state(controller=controller, today=clock.today())
        found = queries.unsettled(controller_id=controller.pk, today=clock.today())
        near = within_reach(actor=actor, subject_ids={one.subject_id for one in found})
        shown = [one for one in found if controller.pk in near.get(one.subject_id, ())]
        for subject in sorted({one.subject_id for one in shown}):
            append(
                type=PERSON_READ, scope=scope, controller=controller.pk, subject=subject,
                details={"purpose": operations.ACTIVITY, "categories": ["metering_point", "power_contract"]},
            )  # fmt: skip
    return state, shown


def dismiss(*, controller: Controller, row: int) -> None:
    """A colleague has seen to a message that waits. `PowerError` `no-notice`."""
    found = WaitingNotice.objects.filter(pk=row, feed__controller=controller, resolved_at=None).first()
    if found is None:
        raise PowerError("no-notice", "no such message waits")
    operations.resolve(row=found, how="dismissed", at=clock.now())
