"""Blocking: an order for each card or subscription, in one case that is open until every one is seen to (D2).

Within an open scope. `delivery` hands the orders to their issuers and follows them up.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from tillit.audit.operations import append
from tillit.cases import files
from tillit.cases import operations as cases
from tillit.cases.kinds import Attachments, Field, Kind, step
from tillit.cases.models import Case
from tillit.cases.queries import case as one_case
from tillit.declaration.schema import Declaration
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject, lock_subjects
from tillit.services import events, instruments
from tillit.services.errors import ServiceError
from tillit.services.models import OVER, BlockOrder, OrderState

BLOCK = "card_block"
ACTIVITY = "card_blocking"
CHANNELS = ("self_service", "phone", "email", "reception")
WITHIN = timedelta(minutes=30)
"""A block that no issuer has confirmed by then stands first on the desk."""


def _due(received: datetime, _: Declaration) -> datetime:
    return received + WITHIN


KIND = Kind(
    BLOCK,
    category="service_use",
    activity=ACTIVITY,
    fields={"text": Field("text", longest=1000)},
    deadline=_due,
    steps={
        "handed_over": step("received", shown=True),
        "confirmed": step("received", shown=True),
        "rejected": step("received", shown=True),
        "by_phone": step("received", shown=True),
        "cancelled": step("received", shown=True),
        "note": step("received", "closed"),
        "closed": step("received", after="closed", shown=True, answers=True, settles=True, closes=True),
    },
    attachments=Attachments(
        most=10,
        largest=10_000_000,
        types=frozenset(files.SOUNDS),
        category="call_recording",
        person=False,
        after_closing=True,
    ),
)


def block(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    instrument_ids: Collection[int],
    channel: str,
    at: datetime,
    language: str = "nb",
    text: str = "",
    details: Mapping[str, str] | None = None,
) -> list[Case]:
    """Order that they be blocked now, one order each, in one case; for a merged person one for each of the subjects
    they are registered under. What is being blocked already stays in its case. Returns the cases it is all in.

    Raises `ServiceError` `nothing-to-block`, `no-instrument`.
    """
    if not instrument_ids:
        raise ServiceError("nothing-to-block", "say what is to be blocked")
    wanted = [instruments.one(subject_id=subject_id, instrument_id=number) for number in sorted(set(instrument_ids))]
    states = lock_subjects(scope=scope, subject_ids={subject_id, *(row.subject_id for row in wanted)})
    lock_subject(scope=scope, subject_id=subject_id)
    same = instruments.equal(rows=wanted)  # one card that several have entered is one card to its issuer
    under_way = {
        same[order.instrument_id]: order.case_id
        for order in BlockOrder.objects.filter(
            subject_id__in={row.subject_id for row in wanted}, instrument_id__in=list(same)
        ).exclude(order_state__in=OVER)
    }
    found = [one_case(case_id=number) for number in sorted(set(under_way.values()))]
    fresh = list({same[row.id]: row for row in reversed(wanted) if same[row.id] not in under_way}.values())
    for whose in sorted({row.subject_id for row in fresh}):
        case = cases.open_case(
            scope=scope,
            subject_id=whose,
            controller_id=controller_id,
            kind=BLOCK,
            channel=channel,
            at=at,
            fields={"text": text} if text else {},
            language=language,
            details=details,
        )
        BlockOrder.objects.bulk_create(
            BlockOrder(
                subject_id=whose,
                controller_id=controller_id,
                state=states[whose],
                case_id=case.id,
                instrument_id=row.id,
                issuer=row.issuer,
                reference=uuid4(),
                last_four=row.last_four,
                order_state=OrderState.QUEUED,
                ordered_at=at,
                due_at=at,
            )
            for row in fresh
            if row.subject_id == whose
        )
        found.append(case)
    return found


def orders(*, case: Case) -> list[BlockOrder]:
    """The orders of a case, in the order in which they were made."""
    rows = BlockOrder.objects.filter(subject_id=case.subject_id, case_id=case.id)
    return list(rows.select_related("issuer").order_by("ordered_at", "id"))


def settle(
    *, scope: Scope, order: BlockOrder, outcome: OrderState, at: datetime, confirmation: str = "", text: str = ""
) -> None:
    """An order is over: the issuer confirmed it, a colleague did it by phone, or it is not needed (`cancelled`, with
    the reason in `text`). The case closes with its last. Nothing happens to one that is over already.
    """
    lock_subject(scope=scope, subject_id=order.subject_id)
    open_one = BlockOrder.objects.filter(subject_id=order.subject_id, id=order.id, settled_at=None)
    if not open_one.update(
        order_state=outcome, settled_at=at, claimed_at=None, reason="", confirmation=confirmation[:60]
    ):
        return
    case = one_case(case_id=order.case_id)
    told = {"order": order.id, "issuer": order.issuer.key, "last_four": order.last_four}
    cases.take(scope=scope, case=case, step=outcome, at=at, text=text, details=told)
    append(
        type=events.BLOCK_SETTLED,
        scope=scope,
        controller=order.controller_id,
        subject=order.subject_id,
        details={"order": order.id, "case": case.id, "outcome": str(outcome)},
    )
    if all(one.order_state in OVER for one in orders(case=case)):
        cases.take(scope=scope, case=case, step="closed", at=at)


def reject(*, scope: Scope, order: BlockOrder, reason: str, at: datetime) -> None:
    """The issuer says no. The order stays open: a colleague calls, or corrects what was wrong and tries again."""
    lock_subject(scope=scope, subject_id=order.subject_id)
    open_one = BlockOrder.objects.filter(subject_id=order.subject_id, id=order.id, settled_at=None)
    if not open_one.update(order_state=OrderState.REJECTED, reason=reason, claimed_at=None):
        return
    case = one_case(case_id=order.case_id)
    told = {"order": order.id, "issuer": order.issuer.key, "last_four": order.last_four, "reason": reason}
    cases.take(scope=scope, case=case, step="rejected", at=at, details=told)


def try_again(*, scope: Scope, order: BlockOrder, at: datetime) -> None:
    """Hand an order that was rejected over once more, under a new reference: the issuer has answered the old one.

    Raises `ServiceError` `not-rejected`.
    """
    lock_subject(scope=scope, subject_id=order.subject_id)
    rejected = BlockOrder.objects.filter(
        subject_id=order.subject_id, id=order.id, order_state=OrderState.REJECTED
    ).update(order_state=OrderState.QUEUED, reference=uuid4(), handed_over=False, reason="", due_at=at, attempts=0)
    if not rejected:
        raise ServiceError("not-rejected", "only what an issuer has rejected is tried again")
