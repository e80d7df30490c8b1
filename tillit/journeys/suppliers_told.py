"""Suppliers are told whom they serve, each once and on record, until they say that they have it (D1).

What leaves is on record before it does. A try whose outcome is not known is asked about before anything is sent again;
a supplier that does not answer holds up no other; what one refuses waits for a colleague.

When an agreement is over the supplier is told so by its reference alone. Who has no agreement left may be in the
archive by then, so that is done as a part of ending: under `retention`, which sees both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import Disclosed, disclose
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services import outside, supplied
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.reference_data import SUPPLIER_RECIPIENT
from tillit.services.supplied import ACTIVITY
from tillit.services.supply_models import NoticeState, SupplierNotice

AT_ONCE = 500
Opens = Callable[[], Scope]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a supplier has of one agreement now: a state, and the code of what stands in the way."""

    state: NoticeState
    reason: str = ""


def tell_everywhere() -> int:
    """Have every supplier that is told by computer told of whom it serves, and of what it does not have yet; how many
    it has now. Outside every scope.
    """
    told = 0
    keys = outside.told_by_computer()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
            continue
        told += _tell_all(controller, keys)
    return told


def _tell_all(controller: Controller, keys: list[str]) -> int:
    _tell_endings(controller, keys)
    with _scope(controller) as scope:
        new = supplied.unasked(controller_id=controller.pk, suppliers=keys, on=clock.today())
        for agreement in new[:AT_ONCE]:
            supplied.ask(scope=scope, agreement=agreement, at=clock.now())
        due = supplied.due(controller_id=controller.pk, at=clock.now()).filter(notice_state=NoticeState.WAITING)
        waiting = list(due.filter(supplier__key__in=keys)[:AT_ONCE])
    told, silent = 0, set[str]()
    for notice in waiting:
        if notice.supplier.key in silent:
            continue
        answer = tell(notice=notice, opens=partial(_scope, controller, notice.subject_id))
        told += answer.state == NoticeState.CONFIRMED
        silent |= {notice.supplier.key} if answer.reason == "outside-silent" else set()
    return told


def _tell_endings(controller: Controller, keys: list[str]) -> None:
    with ending(controller):
        supplied.follow_endings(controller_id=controller.pk, at=clock.now())
        due = supplied.due(controller_id=controller.pk, at=clock.now()).filter(notice_state=NoticeState.ENDING)
        waiting = list(due.filter(supplier__key__in=keys)[:AT_ONCE])
    silent = set[str]()
    for notice in waiting:
        if notice.supplier.key not in silent:
            answer = tell(notice=notice, opens=partial(ending, controller, notice.subject_id))
            silent |= {notice.supplier.key} if answer.reason == "outside-silent" else set()


def tell(*, notice: SupplierNotice, opens: Opens) -> Answer:
    """One try, in scopes of whoever tells. It never raises for what keeps one from being told: the reason says it."""
    with opens():
        mine = supplied.claim(notice=notice, at=clock.now())
    if mine is None:
        return Answer(NoticeState.WAITING, "supplier-under-way")
    try:
        return _try(mine, opens)
    except (ServiceError, DisclosureRefusedError) as error:
        reason = error.code
        log.warning("supplier not told", code=reason, supplier=mine.supplier.key)
    except Exception as error:  # noqa: BLE001 (one that cannot be told holds up no other; words may name a person)
        reason = "fault"
        log.warning("supplier not told", fault=type(error).__name__, supplier=mine.supplier.key)
    with opens():
        supplied.again(notice=mine, reason=reason)
    return Answer(NoticeState.WAITING, reason)


def _try(notice: SupplierNotice, opens: Opens) -> Answer:
    key, reason = notice.supplier.key, ""
    if notice.notice_state == NoticeState.ENDING:
        outside.over(supplier=key, reference=notice.reference)
        with opens() as scope:
            supplied.settle(scope=scope, notice=notice, outcome=NoticeState.ENDED, at=clock.now())
        return Answer(NoticeState.ENDED)
    if not notice.handed_over or not outside.has(supplier=key, reference=notice.reference):
        if not outside.tells(key):
            raise ServiceError("outside-unnamed", "the installation does not say how to reach them")
        with opens() as scope:
            agreement = running(notice)
            if agreement is None:
                supplied.settle(scope=scope, notice=notice, outcome=NoticeState.DROPPED, at=clock.now())
                return Answer(NoticeState.DROPPED)
            sent = release(scope=scope, notice=notice)
        reason = outside.tell(supplier=key, product=agreement.product.key, reference=notice.reference, sent=sent)
    outcome = NoticeState.REFUSED if reason else NoticeState.CONFIRMED
    with opens() as scope:
        supplied.settle(scope=scope, notice=notice, outcome=outcome, at=clock.now(), reason=reason)
    return Answer(outcome, reason)


def running(notice: SupplierNotice) -> Agreement | None:
    """The agreement, if it still gives access."""
    rows = Agreement.objects.filter(subject_id=notice.subject_id, id=notice.agreement_id, starts__lte=clock.today())
    return rows.exclude(ends__lte=clock.today()).select_related("product").first()


def release(*, scope: Scope, notice: SupplierNotice, by_hand: bool = False) -> Disclosed:
    """What leaves, on record. Raises `ServiceError` `supplier-lacks` for what it needs and is not known,
    `DisclosureRefusedError`.
    """
    lock_subject(scope=scope, subject_id=notice.subject_id)
    leaving = supplied.leaves(supplier=notice.supplier, known=facts(subject_id=notice.subject_id))
    if missing := supplied.lacking(supplier=notice.supplier, leaving=leaving):
        raise ServiceError("supplier-lacks", f"not known: {', '.join(missing)}")
    sent = disclose(
        scope=scope,
        subject_id=notice.subject_id,
        controller_id=notice.controller_id,
        recipient=SUPPLIER_RECIPIENT,
        fields=leaving,
        at=clock.now(),
        party=notice.supplier.key,
        country=notice.supplier.country,
    )
    told = supplied.mark(supplier=notice.supplier, leaving=leaving)
    supplied.left(notice=notice, told=told, by_hand=by_hand)
    return sent


def ending(controller: Controller, subject_id: int | None = None) -> Scope:
    """In which suppliers are told of what is over."""
    actor = system("suppliers", {controller.pk, holder_of(controller_id=controller.pk)})
    return Scope(actor, "retention", None if subject_id is None else frozenset({subject_id}))


def _scope(controller: Controller, subject_id: int | None = None) -> Scope:
    actor = system("suppliers", {controller.pk, holder_of(controller_id=controller.pk)})
    return Scope(actor, ACTIVITY, None if subject_id is None else frozenset({subject_id}))
