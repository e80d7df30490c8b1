"""Settlements are billed, and what the bank says was paid is held against them (C15): the differences are listed.

A bill carries a KID of its own; a movement that was paid with it is the bill's by itself, others are put with a bill by
hand. Of movements with no settlement's reference only figures are kept, so that staff can find the one that lacks it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Sum

from tillit.audit.operations import append
from tillit.bonus.errors import BonusError
from tillit.bonus.models import Programme
from tillit.bonus.report_series import ACTIVITY, months
from tillit.bonus.settlement_models import BankMovement, SettlementBill
from tillit.declaration.models import Controller
from tillit.files import camt
from tillit.journeys.events import PROGRAMME_CHANGED
from tillit.journeys.settlement import UnbalancedError
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.identifiers import kid
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.purchases.models import Chain

_KIND_DIGIT = {"billed": "1", "payable": "2"}


class ReconciliationError(BonusError):
    """A bill or a movement cannot be dealt with as asked."""


@dataclass(frozen=True)
class Compared:
    """A bill, what was paid of it (minor units, in its direction), and what lacks: below zero it is too much."""

    bill: SettlementBill
    paid: int
    lacking: int
    movements: tuple[BankMovement, ...]


@dataclass(frozen=True)
class Taken:
    """What a file brought: movements that are new, that were known, and how many of the new ones found their bill."""

    new: int
    known: int
    matched: int


def bill(*, actor: Actor, controller: Controller, chain_key: str, month: date) -> list[SettlementBill]:
    """Bill a chain's month that is over: what it pays for bonus given, what it is paid for bonus used; once.

    Raises `ReconciliationError` `month-open`, `unknown-chain`; `UnbalancedError` where the ledger does not explain it.
    """
    _may(actor, controller)
    programme = (
        Programme.objects.select_related("chain").filter(chain__key=chain_key, chain__controller=controller).first()
    )
    if programme is None:
        raise ReconciliationError("unknown-chain", "the controller has no such chain")
    month = month.replace(day=1)
    end = IsoPeriod.parse("P1M").add_to(month)
    if end > clock.today():
        raise ReconciliationError("month-open", "a month is billed when it is over")
    with Scope(actor, ACTIVITY):
        (one,) = months(programme=programme, start=month, end=end)
    if one.difference:
        raise UnbalancedError("settlement-unbalanced", f"the month differs by {one.difference} minor units")
    amounts = {"billed": one.issued + one.offered + one.corrected, "payable": one.used}
    with transaction.atomic():
        made = [_made(programme, month, kind, amount) for kind, amount in amounts.items()]
        _record(actor, controller, len(made))
    return made


def take_in(*, actor: Actor, controller: Controller, body: bytes) -> Taken:
    """Take a bank's file in; again: nothing more. Raises `StatementRefusedError`, and nothing of the file is kept.

    A file that tells of the payments of an entry known by its total replaces the total; they keep the bill it was put
    with by hand, unless their own reference leads to another. A reference that was lacking is filled in.
    """
    _may(actor, controller)
    read = {(one.entry, one.part): one for one in camt.read(body) if one.amount}
    bills = _by_reference(controller, (one.reference for one in read.values()))
    new, known, matched = [], 0, 0
    with transaction.atomic():
        list(Chain.objects.select_for_update().filter(controller=controller).values_list("pk"))  # one file at a time
        stored = _stored(controller, {entry for entry, _ in read})
        replaced: dict[str, BankMovement] = {}
        for (entry, part), one in read.items():
            had, bill_found = stored.get(entry, {}), bills.get((one.reference, one.currency))
            whole = had.get("")
            if part in had or (had and not part):
                known += 1
                matched += _filled(had.get(part), one.reference, bill_found)
                continue
            if whole is not None:
                replaced[entry] = whole
            new.append(_movement(controller, one, bill_found or (whole.bill if whole else None)))
        BankMovement.objects.filter(pk__in=[one.pk for one in replaced.values()]).delete()
        BankMovement.objects.bulk_create(new)
        _record(actor, controller, len(new) + matched)
    return Taken(len(new), known, matched + sum(one.bill is not None for one in new))


def _stored(controller: Controller, entries: set[str]) -> dict[str, dict[str, BankMovement]]:
    """The controller's movements of these entries, by entry and part."""
    found: dict[str, dict[str, BankMovement]] = {}
    for one in BankMovement.objects.filter(controller_id=controller.pk, entry__in=entries).select_related("bill"):
        found.setdefault(one.entry, {})[one.part] = one
    return found


def _filled(one: BankMovement | None, reference: str, found: SettlementBill | None) -> bool:
    """Fill in the reference that a movement lacked; whether it found its bill by that."""
    if one is None or one.reference or not reference:
        return False
    finds = one.bill is None and found is not None
    one.reference, one.bill = reference, one.bill or found
    one.save(update_fields=["reference", "bill"])
    return finds


def _movement(controller: Controller, one: camt.Movement, found: SettlementBill | None) -> BankMovement:
    key = f"{controller.pk}|{one.entry}|{one.part}"
    return BankMovement(
        id=hashlib.sha256(key.encode()).hexdigest()[:32],
        controller_id=controller.pk,
        entry=one.entry,
        part=one.part,
        bill=found,
        booked_on=one.booked_on,
        amount=one.amount,
        currency=one.currency,
        reference=one.reference,
        read_at=clock.now(),
    )


def put_with(*, actor: Actor, controller: Controller, movement_id: str, bill_id: int | None) -> None:
    """Put a movement with a bill by hand, or with none again. Raises `ReconciliationError` `no-movement`, `no-bill`."""
    _may(actor, controller)
    one = BankMovement.objects.filter(pk=movement_id, controller_id=controller.pk).first()
    if one is None:
        raise ReconciliationError("no-movement", "there is no such movement")
    found = SettlementBill.objects.filter(pk=bill_id or 0, chain__controller=controller, currency=one.currency).first()
    if bill_id is not None and found is None:
        raise ReconciliationError("no-bill", "there is no such bill in that currency")
    one.bill = found
    one.save(update_fields=["bill"])
    _record(actor, controller, 1)


def compared(*, actor: Actor, controller: Controller) -> list[Compared]:
    """Every bill of the controller's chains with what was paid, the newest month first."""
    _may(actor, controller)
    found = SettlementBill.objects.filter(chain__controller=controller).select_related("chain")
    rows = []
    for one in found.prefetch_related("movements").order_by("-month", Ordered("chain__name"), "kind")[:1000]:
        moved = sum(each.amount for each in one.movements.all())
        paid = moved if one.kind == "billed" else -moved
        rows.append(Compared(one, paid, one.amount - paid, tuple(one.movements.all())))
    return rows


def loose(*, actor: Actor, controller: Controller) -> list[BankMovement]:
    """Movements of no bill, the newest first."""
    _may(actor, controller)
    found = BankMovement.objects.filter(controller_id=controller.pk, bill__isnull=True)
    return list(found.order_by("-booked_on", "pk")[:1000])


def open_amount(*, controller: Controller) -> int:
    """How many bills are not paid to the øre."""
    sums = SettlementBill.objects.filter(chain__controller=controller).annotate(moved=Sum("movements__amount"))
    return sum(one.amount != (one.moved or 0) * (1 if one.kind == "billed" else -1) for one in sums)


def _made(programme: Programme, month: date, kind: str, amount: int) -> SettlementBill:
    number = f"{programme.pk:06d}{month:%Y%m}{_KIND_DIGIT[kind]}"
    made, _ = SettlementBill.objects.get_or_create(
        chain=programme.chain,
        month=month,
        kind=kind,
        defaults={
            "amount": amount,
            "currency": programme.chain.currency,
            "reference": kid.generate(number, kid.KidMethod.MOD10),
            "billed_at": clock.now(),
        },
    )
    return made


def _by_reference(controller: Controller, references: Iterable[str]) -> dict[tuple[str, str], SettlementBill]:
    found = SettlementBill.objects.filter(chain__controller=controller, reference__in=set(references) - {""})
    return {(one.reference, one.currency): one for one in found}


def _may(actor: Actor, controller: Controller) -> None:
    allowed = actor.activities is None or ACTIVITY in actor.activities
    if not allowed or controller.pk not in actor.controllers:
        raise ScopeError("scope-activity", f"{actor.kind} may not settle here")


def _record(actor: Actor, controller: Controller, changes: int) -> None:
    if changes:
        append(
            type=PROGRAMME_CHANGED,
            actor=actor,
            activity="security_log",
            controller=controller.pk,
            details={"changes": changes},
            at=clock.now(),
        )
