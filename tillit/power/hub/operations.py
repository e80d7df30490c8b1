"""Requests put on their way, claimed and settled (E1). In an open scope of `power_supply` unless they say otherwise."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.files import sealing
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.power.errors import PowerError
from tillit.power.hub import codes
from tillit.power.hub.client import Notice, named, plain
from tillit.power.hub.models import DUE, OPEN, HubFeed, HubProcess, Status, WaitingNotice
from tillit.power.models import MeteringPoint
from tillit.power.switch_models import Switch

ACTIVITY, RECIPIENT = "power_supply", "market_hub"
LEASE = timedelta(minutes=2)
AGAIN = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60))
_WAITING = "power_hub_waiting"
_UNSENT = Q(status__in=(Status.QUEUED, Status.STUCK), sent_at__isnull=True)
"""Requests of which the hub knows nothing: no try has begun."""


def promised(declaration: Declaration) -> str:
    """Where the declaration names the hub as a recipient of supply, "" where it does not."""
    activity = declaration.activity(ACTIVITY)
    return f"activities.{ACTIVITY}" if activity is not None and RECIPIENT in activity.recipients else ""


def speaks(controller: Controller) -> bool:
    """Whether switches of the controller go over the hub: it is declared, and the installation names it."""
    return named(controller) is not None and bool(promised(current(controller_id=controller.pk, on=clock.today())))


def ask_for(
    *, switch: Switch, at: datetime, identity: str = "", final_wh: int | None = None, today: date | None = None
) -> HubProcess:
    """Put the switch on its way to the hub; it is carried out when the hub says so. `PowerError` `hub-open` where it is
    on its way, `switch-decided`.
    """
    if switch.status != "requested":
        raise PowerError("switch-decided", "that switch is decided")
    _none_open(switch)
    code = codes.of_switch(switch, today=today or clock.today())
    return _queue(switch.subject_id, switch.controller_id, switch.state, switch.point_id, code, switch.day, at,
                  switch_id=switch.id, identity=identity, final_wh=final_wh)  # fmt: skip


def take_back(*, switch: Switch, at: datetime) -> HubProcess | None:
    """Have the hub cancel or roll back what it was asked for; None where nothing had left, and nothing needs to.

    `PowerError` `hub-open` where that is on its way already.
    """
    mine = HubProcess.objects.filter(subject_id=switch.subject_id, switch_id=switch.id)
    back = codes.ROLLBACKS[switch.way]  # type: ignore[index]
    if mine.filter(process=back, status__in=OPEN).exists():
        raise PowerError("hub-open", "the hub is asked already")
    asked = mine.exclude(process=back)
    asked.filter(_UNSENT).update(status=Status.WITHDRAWN, settled_at=at)
    if not asked.exclude(status__in=(Status.REJECTED, Status.WITHDRAWN)).exists():
        return None
    asked.filter(status=Status.QUEUED).update(status=Status.SENT)  # it has left before: asked about, not sent anew
    return _queue(switch.subject_id, switch.controller_id, switch.state, switch.point_id, back, switch.day, at,
                  switch_id=switch.id)  # fmt: skip


def tell_customer(*, point: MeteringPoint, day: date, at: datetime) -> HubProcess:
    """Tell the hub what the customer is called now (a change of master data). `PowerError` `hub-open`."""
    mine = HubProcess.objects.filter(subject_id=point.subject_id, point_id=point.id, process=codes.UPDATE)
    if mine.filter(status__in=OPEN).exists():
        raise PowerError("hub-open", "the hub is asked already")
    return _queue(point.subject_id, point.controller_id, point.state, point.id, codes.UPDATE, day, at)


def send_again(*, process: HubProcess, at: datetime) -> None:
    """What was stuck goes on its way again. `PowerError` `hub-open` where it is not stuck."""
    mine = HubProcess.objects.filter(subject_id=process.subject_id, id=process.id, status=Status.STUCK)
    if not mine.update(status=Status.QUEUED, reason="", tries=0, queued_at=at, due_at=at):
        raise PowerError("hub-open", "only what is stuck is sent again")


def withdraw(*, switch: Switch, at: datetime) -> None:
    """A colleague decides the switch without the hub. `PowerError` `hub-open` where a request has left already."""
    mine = HubProcess.objects.filter(subject_id=switch.subject_id, switch_id=switch.id)
    mine.filter(_UNSENT).update(status=Status.WITHDRAWN, settled_at=at)
    if mine.filter(status__in=(*OPEN, Status.STUCK)).exists():
        raise PowerError("hub-open", "the hub has been asked: it decides")


def overtaken(*, switch: Switch, at: datetime) -> None:
    """The switch was carried out on another word: what was asked for of it is over."""
    mine = HubProcess.objects.filter(subject_id=switch.subject_id, switch_id=switch.id)
    mine.filter(_UNSENT).update(status=Status.WITHDRAWN, settled_at=at)
    mine.filter(status__in=(*OPEN, Status.STUCK)).update(status=Status.DONE, settled_at=at)


def claim(*, controller_id: int, at: datetime) -> HubProcess | None:
    """The request that is due, ours until the lease is over."""
    given: dict[str, Any] = {"controller": controller_id, "now": at, "leased": at + LEASE}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "processes", "claim"), given)
        found = cursor.fetchone()
    if found is None:
        return None
    return HubProcess.objects.select_related("point").get(subject_id=found[0], id=found[1])


def settle(*, process: HubProcess, status: str, at: datetime, reason: str = "") -> bool:
    """The process has come so far; False where it was over already, and then nothing changes."""
    mine = HubProcess.objects.filter(subject_id=process.subject_id, id=process.id, status__in=(*OPEN, Status.STUCK))
    over = status not in {*OPEN, Status.STUCK}
    changed = mine.update(status=status, reason=reason, settled_at=at if over else None)
    process.status, process.reason = status, reason
    return changed == 1


def left(*, process: HubProcess, at: datetime) -> None:
    """That a try has begun: from here on the hub may have it."""
    HubProcess.objects.filter(subject_id=process.subject_id, id=process.id, status__in=DUE).update(
        status=Status.SENT, sent_at=at
    )
    process.status, process.sent_at = Status.SENT, at


def put_off(*, process: HubProcess, at: datetime, reason: str = "") -> None:
    """It is tried again later: after 1, 5, 15 and then every 60 minutes."""
    pause = AGAIN[min(process.tries, len(AGAIN)) - 1]
    HubProcess.objects.filter(subject_id=process.subject_id, id=process.id, status__in=DUE).update(
        due_at=at + pause, reason=reason
    )


def feed_of(controller: Controller) -> HubFeed:
    """How far the controller has read. In any scope or none."""
    return HubFeed.objects.get_or_create(controller=controller)[0]


def ended(*, feed: HubFeed, failure: str, at: datetime) -> None:
    """How a run went. In any scope or none."""
    feed.refresh_from_db()
    feed.run_at, feed.failure = at, failure
    feed.tries = min(feed.tries + 1, 1000) if failure else 0
    feed.next_try = at + AGAIN[min(feed.tries, len(AGAIN)) - 1] if failure else None
    feed.done_at = feed.done_at if failure else at
    feed.save(update_fields=["run_at", "failure", "tries", "next_try", "done_at"])


def keep(*, feed: HubFeed, notice: Notice, reason: str, at: datetime) -> None:
    """What cannot be carried out yet waits, sealed. In any scope or none."""
    sealed = sealing.seal(table=_WAITING, batch_id=feed.pk, line=notice.sequence, values=plain(notice))
    WaitingNotice.objects.get_or_create(
        feed=feed,
        sequence=notice.sequence,
        defaults={"message": notice.message, "reason": reason[:40], "sealed": sealed, "received_at": at},
    )


def opened(row: WaitingNotice) -> dict[str, str | None]:
    """What a message that waits says. Raises `SealedRowError`."""
    return sealing.open_sealed(table=_WAITING, batch_id=row.feed_id, line=row.sequence, sealed=row.sealed)


def resolve(*, row: WaitingNotice, how: str, at: datetime) -> None:
    """It waits no longer; what it said is dropped."""
    WaitingNotice.objects.filter(pk=row.pk).update(resolved_at=at, resolution=how, sealed=None)


def _none_open(switch: Switch) -> None:
    mine = HubProcess.objects.filter(subject_id=switch.subject_id, switch_id=switch.id)
    if mine.filter(status__in=(*OPEN, Status.STUCK)).exists():
        raise PowerError("hub-open", "the switch is on its way to the hub")


def _queue(
    subject_id: int,
    controller_id: int,
    state: int,
    point_id: int,
    process: str,
    day: date,
    at: datetime,
    **more: object,
) -> HubProcess:
    return HubProcess.objects.create(
        subject_id=subject_id, controller_id=controller_id, state=state, point_id=point_id, process=process,
        reference=uuid4(), day=day, queued_at=at, due_at=at, **more,
    )  # fmt: skip
