"""The worker's side of blocking: what is due is claimed, handed to its issuer or asked about, and followed up (D2).

Claiming, opening the number and the log of the disclosure are committed before an issuer is spoken to. A try whose
outcome is not known is asked about first, so no issuer gets an order twice; none is ever given up: it is tried again
after 10 seconds, 30, 1, 2 and then every 5 minutes, while it stands on the desk.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from tillit.cases import operations as cases
from tillit.cases.queries import case as one_case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.operations import Disclosed, disclose
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services import blocking, instruments, issuers
from tillit.services.blocking import ACTIVITY
from tillit.services.errors import IssuerError
from tillit.services.models import BlockOrder, InstrumentKind, OrderState

LEASE = timedelta(minutes=1)
AGAIN = tuple(timedelta(seconds=s) for s in (10, 30, 60, 120, 300))
RECIPIENT = {InstrumentKind.CARD: "card_issuer", InstrumentKind.SUBSCRIPTION: "mobile_operator"}
log = structlog.get_logger(__name__)


@dataclass
class Handled:
    """What a run did."""

    confirmed: int = 0
    accepted: int = 0
    rejected: int = 0
    again: int = 0


def deliver() -> Handled:
    """Hand over and ask about everything that is due now, of every controller. Outside every scope."""
    done = Handled()
    for controller in _blocking():
        silent: set[int] = set()  # issuers that did not answer: the others do not wait for them
        while (order := _claim(controller, silent)) is not None:
            if not _carry(order, done):
                silent.add(order.issuer_id)
    return done


def _blocking() -> Iterator[int]:
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is not None:
            yield controller.pk


def _scope(controller_id: int, subject_id: int | None = None) -> Scope:
    actor = system("blocking", {controller_id, holder_of(controller_id=controller_id)})
    return Scope(actor, ACTIVITY, None if subject_id is None else frozenset({subject_id}))


def _claim(controller_id: int, silent: Collection[int]) -> BlockOrder | None:
    """The order that has waited longest, ours until the lease is over; None when nothing is due."""
    now = clock.now()
    with _scope(controller_id), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "delivery", "claim"),
            {"controller": controller_id, "now": now, "lapsed": now - LEASE, "silent": sorted(silent)},
        )
        found = cursor.fetchone()
        if found is None:
            return None
        return BlockOrder.objects.select_related("issuer").get(subject_id=found[0], id=found[1])


def _carry(order: BlockOrder, done: Handled) -> bool:
    """Hand one over or ask about it; False when its issuer did not answer."""
    try:
        answer = issuers.ask(key=order.issuer.key, reference=order.reference) if order.handed_over else None
        if answer is None or answer.status == "unknown":
            sent = _release(order)
            if sent is None:
                return True
            answer = issuers.hand_over(
                key=order.issuer.key, reference=order.reference, kind=order.issuer.kind, sent=sent
            )
    except IssuerError as error:
        log.warning("block not handed over", code=error.code, issuer=order.issuer.key)
        _again(order, error.code, done)
        return False
    except TillitError as error:  # a refused disclosure, a number that cannot be opened: for a colleague
        log.warning("block cannot be handed over", code=error.code, issuer=order.issuer.key)
        with _scope(order.controller_id, order.subject_id) as scope:
            blocking.reject(scope=scope, order=order, reason=error.code[:40], at=clock.now())
        done.rejected += 1
        return True
    _heard(order, answer, done)
    return True


def _release(order: BlockOrder) -> Disclosed | None:
    """The number opened and its disclosure put on record, and that a try has begun: all of it committed. None when the
    order is over meanwhile, or another's.
    """
    if not issuers.reachable(order.issuer.key):
        raise IssuerError("issuer-unnamed", "the installation does not say how to reach this issuer", permanent=True)
    with _scope(order.controller_id, order.subject_id) as scope:
        lock_subject(scope=scope, subject_id=order.subject_id)
        mine = BlockOrder.objects.filter(subject_id=order.subject_id, id=order.id, settled_at=None)
        if not mine.filter(claimed_at=order.claimed_at).exists():
            return None
        known = facts(subject_id=order.subject_id)
        number = instruments.open_number(scope=scope, order=order)
        sent = disclose(
            scope=scope,
            subject_id=order.subject_id,
            controller_id=order.controller_id,
            recipient=RECIPIENT[InstrumentKind(order.issuer.kind)],
            fields={
                "name": " ".join(filter(None, (known.get("name.given"), known.get("name.family")))),
                "blocked_number": number,
            },
            party=order.issuer.key,
            country=order.issuer.country,
            case_id=order.case_id,
            at=clock.now(),
        )
        BlockOrder.objects.filter(subject_id=order.subject_id, id=order.id).update(handed_over=True)
    order.handed_over = True
    return sent


def _heard(order: BlockOrder, answer: issuers.Answer, done: Handled) -> None:
    now = clock.now()
    with _scope(order.controller_id, order.subject_id) as scope:
        match answer.status:
            case "confirmed":
                blocking.settle(
                    scope=scope,
                    order=order,
                    outcome=OrderState.CONFIRMED,
                    at=now,
                    confirmation=answer.confirmation,
                )
                done.confirmed += 1
            case "rejected":
                blocking.reject(scope=scope, order=order, reason=answer.reason, at=now)
                done.rejected += 1
            case _:
                _accepted(scope, order, now)
                done.accepted += 1


def _accepted(scope: Scope, order: BlockOrder, now: datetime) -> None:
    """The issuer has it and works on it: said once in the case, asked about again later."""
    open_one = BlockOrder.objects.filter(subject_id=order.subject_id, id=order.id, settled_at=None)
    first = open_one.exclude(order_state=OrderState.ACCEPTED).exists()
    open_one.update(order_state=OrderState.ACCEPTED, reason="", claimed_at=None, due_at=now + _pause(order))
    if first:
        told = {"order": order.id, "issuer": order.issuer.key, "last_four": order.last_four}
        cases.take(scope=scope, case=one_case(case_id=order.case_id), step="handed_over", at=now, details=told)


def _again(order: BlockOrder, reason: str, done: Handled) -> None:
    later = clock.now() + _pause(order)
    with _scope(order.controller_id, order.subject_id):
        open_one = BlockOrder.objects.filter(subject_id=order.subject_id, id=order.id, settled_at=None)
        open_one.filter(order_state=OrderState.SENDING).update(order_state=OrderState.QUEUED)
        open_one.update(reason=reason, due_at=later, claimed_at=None)
    done.again += 1


def _pause(order: BlockOrder) -> timedelta:
    return AGAIN[min(order.attempts, len(AGAIN)) - 1]
