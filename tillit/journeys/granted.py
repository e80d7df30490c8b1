"""What one of the staff gives or takes of a member's bonus alone (C8, C12): up to the chain's limit, all together.

Posted purchases, corrections and used vouchers given back count as the purchase that gives so much bonus by the chain's
plain rate. What one person did alone for one member in the chain's `alone_days` adds up, so that many small ones are no
way round the second. Each is on record, and the record is what is added up.
"""

from datetime import date, datetime, timedelta

from tillit.audit.models import Event
from tillit.audit.operations import append
from tillit.bonus import pooling, rates
from tillit.bonus.complaints import COMPLAINT, PROPOSED, WRONG
from tillit.cases import operations, queries
from tillit.cases.models import Case
from tillit.declaration.queries import current
from tillit.journeys.events import BONUS_BY_ONE
from tillit.kernel import clock
from tillit.kernel.rounding import BASIS_POINTS
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.merging import same_person
from tillit.purchases.models import Chain

ACTIVITY = "security_log"
_MORE = 10**13
"""Above every limit."""


def counts(*, chain: Chain, bonus: int, at: datetime) -> int:
    """The purchase that gives so much bonus, either way, by the plain rate then; without one, above any limit."""
    rate = rates.plain(chain_id=chain.pk, at=at)
    return -(-abs(bonus) * BASIS_POINTS // rate) if rate else _MORE


def may_alone(*, scope: Scope, chain: Chain, subject_id: int, counts: int, at: datetime) -> bool:
    """Whether the actor may do it without a second, with what they did alone for the member in the chain's days.

    The member is locked, so that of two at once each sees the other. Whoever does it says so (`done_alone`).
    """
    pooling.lock(scope=scope, subject_ids=[subject_id])
    people, actor = same_person(subject_id), scope.actor
    with Scope(system("granted", {chain.controller_id}), ACTIVITY, frozenset(people)):
        done = Event.objects.filter(
            subject_id__in=people,
            type=BONUS_BY_ONE.key,
            actor_kind=actor.kind,
            actor_ref=actor.ref,
            at__gt=at - timedelta(days=chain.alone_days),
        )
        before = sum(one["counts"] for one in done.values_list("details", flat=True) if one["chain"] == chain.pk)
    return bool(before + counts <= chain.alone_up_to)


def done_alone(*, scope: Scope, chain: Chain, subject_id: int, counts: int, at: datetime) -> None:
    """Put it on record, in the transaction that does it."""
    append(
        type=BONUS_BY_ONE,
        scope=scope,
        controller=chain.controller_id,
        subject=subject_id,
        details={"chain": chain.pk, "counts": min(counts, _MORE)},
        at=at,
    )


def propose(
    *, scope: Scope, chain: Chain, subject_id: int, amount: int, reference: str, reason: str, on: date, at: datetime
) -> Case:
    """A correction that takes two becomes a complaint case, in which another of the staff says the same amount.

    The same reference, proposed again, is the same case.
    """
    cases = queries.of_person(subject_id=subject_id, kind=COMPLAINT).filter(closed_at__isnull=True)
    case = cases.filter(fields__chain=chain.key, fields__receipt=reference).first()
    details = {"amount": str(amount)}
    if case is None:
        declared = current(controller_id=chain.controller_id, on=clock.today())
        case = operations.open_case(
            scope=scope,
            subject_id=subject_id,
            controller_id=chain.controller_id,
            kind=COMPLAINT,
            channel="reception",
            at=at,
            fields={"about": WRONG, "chain": chain.key, "bought_on": on, "receipt": reference},
            language=declared.controller.languages[0],
        )
    if not any(
        one.step == PROPOSED and one.actor == str(scope.actor) and one.details == details
        for one in queries.entries(case=case, shown_only=False)
    ):
        operations.take(scope=scope, case=case, step=PROPOSED, at=at, text=reason, details=details)
    return case


def proposed_by_another(*, actor: Actor, case: Case, details: dict[str, str]) -> bool:
    """Whether another of the staff proposed the very same in the case."""
    return any(
        entry.step == PROPOSED and entry.actor != str(actor) and entry.details == details
        for entry in queries.entries(case=case, shown_only=False)
    )
