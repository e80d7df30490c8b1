"""Setting a programme up: the terms its controller has declared, and a book of its own in the ledger (C6, C7)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tillit.bonus.errors import NoProgrammeError
from tillit.bonus.models import Programme
from tillit.declaration.queries import current
from tillit.declaration.schema import Programme as Declared
from tillit.kernel import clock
from tillit.kernel.calendar_rules import year_end
from tillit.kernel.iso_period import IsoPeriod
from tillit.ledger.kinds import NEVER
from tillit.ledger.models import Book
from tillit.ledger.operations import open_book
from tillit.purchases.models import Chain


def set_up(*, chain: Chain, on: date) -> Programme:
    """The chain's programme, made or brought to the terms that its controller's declaration has in effect on `on`.

    Rounding and validity are the declaration's; they are kept here for the set statements. Changed terms hold for what
    is posted from now on: a lot keeps the expiry it was posted with, and a longer wait is of
    what is bought from now on. Raises `NoProgrammeError` when none is declared.
    """
    declared = current(controller_id=chain.controller_id, on=on).programme
    if declared is None:
        raise NoProgrammeError("no-programme", "the chain's controller declares no bonus programme")
    book = open_book(
        controller_id=chain.controller_id, key=f"bonus:{chain.key}", currency=chain.currency, category="bonus"
    )
    terms = {"book_id": book.pk, **_terms(declared)}
    standing = Programme.objects.filter(chain=chain).first()
    if standing is not None and declared.available_after_days > standing.available_after_days:
        terms |= {"waited_before": standing.available_after_days, "waits_from": clock.now()}
    programme, _ = Programme.objects.update_or_create(chain=chain, defaults=terms)
    return programme


def follow_declarations() -> None:
    """Bring every programme to the terms that are in effect today: a version takes effect on its day (A4)."""
    for programme in Programme.objects.select_related("chain").order_by("pk"):
        if current(controller_id=programme.chain.controller_id, on=clock.today()).programme is not None:
            set_up(chain=programme.chain, on=clock.today())


def departures(controller_id: int, on: date) -> Iterator[str]:
    """Every term of the controller's programmes that is not the one its declaration has in effect on `on`."""
    declared = current(controller_id=controller_id, on=on).programme
    for programme in Programme.objects.filter(chain__controller_id=controller_id).select_related("chain"):
        if declared is None:
            yield f"bonus_programme: programme {programme.pk} is not declared"
            continue
        for name, value in _terms(declared).items():
            if getattr(programme, name) != value:
                yield f"bonus_programme: programme {programme.pk} has another {name} than declared"
        book = Book.objects.filter(pk=programme.book_id, controller_id=controller_id).first()
        if book is None or book.currency != programme.chain.currency:
            yield f"bonus_programme: programme {programme.pk} keeps no book of its own in the chain's currency"


def _terms(declared: Declared) -> dict[str, Any]:
    """The columns that repeat what is declared, for the set statements."""
    return {
        "rounding": declared.rounding,
        "validity": declared.validity,
        "validity_months": declared.validity_months,
        "available_after_days": declared.available_after_days,
        "voucher_minutes": declared.voucher_minutes,
        "voucher_offline_hours": declared.voucher_offline_hours,
        "voucher_barcode": declared.voucher_barcode,
        "stacking": declared.stacking,
    }


def of_chain(*, chain_id: int) -> Programme:
    """The programme of a chain; raises `NoProgrammeError`."""
    found = Programme.objects.select_related("chain").filter(chain_id=chain_id).first()
    if found is None:
        raise NoProgrammeError("no-programme", "the chain has no bonus programme")
    return found


def zone(programme: Programme) -> str:
    """The zone in which the chain's days begin and its weekdays and years are read."""
    return str(Book.objects.values_list("zone", flat=True).get(pk=programme.book_id))


def expiry(programme: Programme, day: date) -> date:
    """The first day on which bonus that arose on the local `day` is gone (C7). The accrual says the same in SQL."""
    match programme.validity:
        case "year_and_next":
            return IsoPeriod.parse("P1Y").add_to(year_end(day))
        case "months":
            return IsoPeriod.parse(f"P{programme.validity_months}M").add_to(day)
    return NEVER
