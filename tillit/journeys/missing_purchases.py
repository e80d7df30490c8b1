"""A purchase that no source sent (the card was linked late, the terminal had moved) is posted by staff (C12, C5).

It is a purchase as any other: at the rates and offers of its time, with its receipt, and refunds find it. Lines of it
that come from a source after all are repeats, and a receipt that is counted for anybody cannot be posted.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction

from tillit.audit import events
from tillit.audit.operations import append
from tillit.bonus import accrual, pooling, rates
from tillit.declaration.models import Controller
from tillit.declaration.queries import register_holder
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.parties.operations import alone
from tillit.purchases import intake, phases
from tillit.purchases.errors import MissingPurchaseError
from tillit.purchases.intake import MissingPurchase
from tillit.purchases.models import Batch, Chain, Source, Store
from tillit.purchases.reference_data import keep_source

ACTIVITY = "bonus_earning"
_EARLIEST = date(2000, 1, 1)


def ready(*, register_id: int) -> None:
    """What `post` needs of the connection. Before its transaction."""
    intake.prepare_tables()


def first(*, register_id: int) -> None:
    """The fence of the register: files under way are in before it is looked whether the receipt is counted.

    The first of all locks of the transaction of `post`.
    """
    alone(register_id=register_id)


def moment(*, chain: Chain, subject_id: int, day: date, clock_time: time | None) -> datetime:
    """When it was bought. Without a time it is noon, or an hour in which no rate or offer of certain hours holds.

    Raises `MissingPurchaseError`: `purchase-later` than now, `purchase-old` (no source of the register may send it),
    `purchase-before` (the person was no member), `purchase-time` (there is no such hour, so the time is needed).
    """
    register = Controller.objects.values_list("register_id", flat=True).get(pk=chain.controller_id)
    sources = Source.objects.filter(register_id=register).exclude(key=_key(register))
    if day > clock.today():
        raise MissingPurchaseError("purchase-later", "a purchase cannot be later than now")
    if day < min(sources.values_list("accept_from", flat=True), default=_EARLIEST):
        raise MissingPurchaseError("purchase-old", "no source may send purchases of that day")
    everyone = Controller.objects.filter(register_id=register).values_list("pk", flat=True)
    with Scope(system("missing", everyone), ACTIVITY):
        ties = Relationship.objects.filter(subject_id__in=same_person(subject_id), kind="member", started__lte=day)
        if not ties.exists():
            raise MissingPurchaseError("purchase-before", "the person was no member that day")
    if clock_time is not None:
        at = datetime.combine(day, clock_time, ZoneInfo(clock.DEFAULT_ZONE))
        if at > clock.now():
            raise MissingPurchaseError("purchase-later", "a purchase cannot be later than now")
        return at
    minute = rates.plain_minute(chain_id=chain.pk, on=day)
    if minute is None:
        raise MissingPurchaseError("purchase-time", "rates of that day depend on the time")
    return datetime.combine(day, time(*divmod(minute, 60)), ZoneInfo(clock.DEFAULT_ZONE))


@transaction.atomic
def post(*, store: Store, subject_id: int, event_at: datetime, amount: int, receipt: str, another: bool = False) -> int:
    """Post the purchase; the bonus it gave, minor units. Raises `MissingPurchaseError` (`intake.make_good`)."""
    club = Controller.objects.get(pk=store.chain.controller_id)
    source, holder = _source(club.register_id), register_holder(register_id=club.register_id)
    controllers = Controller.objects.filter(register_id=club.register_id).values_list("pk", flat=True)
    batch = Batch.objects.create(
        source=source,
        name="missing purchase",
        digest="",
        state="finished",
        received_at=clock.now(),
        finished_at=clock.now(),
        rows_read=1,
        posted=1,
    )
    missing = MissingPurchase(subject_id, store.chain_id, store.pk, event_at, amount, receipt, another)
    with Scope(system("missing", controllers), ACTIVITY) as scope:
        intake.make_good(missing=missing, source_id=source.pk, batch_id=batch.pk)
        rated = phases.name(batch_id=batch.pk, phase="rated")
        given = accrual.accrue(scope=scope, batch_id=batch.pk, phase=rated)
        for currency, transfers, bonus in given:
            append(
                type=events.LEDGER_BATCH,
                scope=scope,
                controller=holder,
                batch=batch.pk,
                details={"kind": "accrual", "transfers": transfers, "amount": bonus, "currency": currency},
            )
        accrual.repay(scope=scope, batch_id=batch.pk, on=clock.today(), at=clock.now())
        pooling.repay_everywhere(scope=scope, subject_ids=[subject_id], at=clock.now())
    return sum(bonus for _, _, bonus in given)


def _source(register_id: int) -> Source:
    """What staff post comes from a source of the register's own."""
    key = _key(register_id)
    found = Source.objects.filter(key=key).first()
    return found or keep_source(key=key, name="Missing purchases", register_id=register_id, accept_from=_EARLIEST)


def _key(register_id: int) -> str:
    return f"missing-{register_id}"
