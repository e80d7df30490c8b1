"""A person's own cards and accounts (C4): added, removed, put back. What is typed lives in memory for one call.

Nothing here stores, logs or returns a number: a card is known by its network and last four digits.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope
from tillit.parties.merging import own
from tillit.parties.rates import Limit, within
from tillit.purchases import operations as instruments
from tillit.purchases import queries
from tillit.purchases.errors import InstrumentRefusedError
from tillit.purchases.models import PaymentInstrument

OWN = "self_service"
# `taken` tells that a number is a member's: few may be tried, whatever the answer is. A mistyped one is not tried.
LIMITS = (Limit("cards_hour", 5, timedelta(hours=1)), Limit("cards_day", 20, timedelta(days=1)))


@dataclass(frozen=True)
class Card:
    """A card or account as it may be shown. until: the last day on which a removal may be undone; None: not removed."""

    id: int
    network: str
    last_four: str
    registered_at: datetime
    removed_at: datetime | None = None
    until: date | None = None


def offered(*, controller: Controller) -> bool:
    """Whether people register cards with the controller."""
    activity = current(controller_id=controller.pk, on=clock.today()).activity(OWN)
    return activity is not None and "payment_instrument" in activity.records


def mine(*, actor: Actor, controller: Controller, subject_id: int) -> tuple[list[Card], list[Card]]:
    """(in use, removed and still possible to put back)."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return shown(controller=controller, subject_id=subject_id)


def shown(*, controller: Controller, subject_id: int) -> tuple[list[Card], list[Card]]:
    """The same within an open scope."""
    declared, today = current(controller_id=controller.pk, on=clock.today()), clock.today()
    used = [_card(row) for row in queries.instruments(subject_id=subject_id)]
    off = [_card(row, declared) for row in queries.removed_instruments(subject_id=subject_id)]
    return used, [card for card in off if card.until is not None and card.until >= today]


def add(*, actor: Actor, controller: Controller, subject_id: int, number: str) -> Card:
    """Register a card or account of one's own; the one there already is returned. Raises `InstrumentRefusedError`, also
    `too-many-tries` after five in an hour or twenty in a day.
    """
    count_try(subject_id=subject_id, number=number)
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        made = instruments.register_instrument(
            scope=scope, subject_id=subject_id, controller_id=controller.pk, number=number, at=clock.now()
        )
    return _card(made)


def count_try(*, subject_id: int, number: str) -> None:
    """Count a number that is tried for the person, before anything is known of it and outside the scope, so that it
    stays counted when it is refused. Raises `InstrumentRefusedError`: number-…, `too-many-tries`.
    """
    instruments.well_formed(number=number)
    person = str(own(subject_id))
    if not all(within(limit, person) for limit in LIMITS):
        raise InstrumentRefusedError("too-many-tries", "too many cards were tried; wait")


def remove(*, actor: Actor, subject_id: int, instrument_id: int) -> bool:
    """Take a card or account off; whether it was on."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return instruments.remove_instrument(
            scope=scope, subject_id=subject_id, instrument_id=instrument_id, at=clock.now()
        )


def put_back(*, actor: Actor, controller: Controller, subject_id: int, instrument_id: int) -> bool:
    """Undo a removal in time; whether it was undone. Raises `InstrumentRefusedError` when it is another's now."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return put_back_within(
            scope=scope, controller=controller, subject_id=subject_id, instrument_id=instrument_id, at=clock.now()
        )


def put_back_within(*, scope: Scope, controller: Controller, subject_id: int, instrument_id: int, at: datetime) -> bool:
    """The same within an open scope."""
    _, removed = shown(controller=controller, subject_id=subject_id)
    if instrument_id not in {card.id for card in removed}:
        return False
    return instruments.put_back(scope=scope, subject_id=subject_id, instrument_id=instrument_id, at=at)


def _card(row: PaymentInstrument, declared: Declaration | None = None) -> Card:
    until = undo_until(declared, row.removed_at) if declared and row.removed_at else None
    return Card(row.id, row.network, row.last_four, row.registered_at, row.removed_at, until)


def undo_until(declared: Declaration, removed_at: datetime) -> date | None:
    """The last day on which what is left of a removed card is still there, as declared; None when nothing says so."""
    periods = [
        IsoPeriod.parse(rule.period)
        for rule in declared.retention
        if rule.category == "payment_instrument" and rule.clock == "removed"
    ]
    day = clock.local_date(removed_at)
    return min((date.fromordinal(one.add_to(day).toordinal() - 1) for one in periods), default=None)
