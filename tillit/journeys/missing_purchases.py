"""A purchase that no source sent (the card was linked late, the terminal had moved) is posted by staff (C12, C5).

It is a purchase as any other: at the rates and offers of its time, with its receipt, and refunds find it. Lines of it
that come from a source after all are repeats, and a receipt that is counted for anybody cannot be posted.
"""

from datetime import date, datetime

from django.db import transaction

from tillit.audit import events
from tillit.audit.operations import append
from tillit.bonus import accrual, pooling
from tillit.declaration.models import Controller
from tillit.declaration.queries import register_holder
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import alone
from tillit.purchases import intake, phases
from tillit.purchases.intake import MissingPurchase
from tillit.purchases.models import Batch, Source, Store
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
    key = f"missing-{register_id}"
    found = Source.objects.filter(key=key).first()
    return found or keep_source(key=key, name="Missing purchases", register_id=register_id, accept_from=_EARLIEST)
