"""Products and agreements, from both sides: Min side, the desk, and what follows when the last is over (D1, D10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import category_id
from tillit.journeys import family, family_ties
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import operations as parties
from tillit.parties.actors import person_scope
from tillit.parties.models import Fact
from tillit.privacy import archive
from tillit.services import ages, agreements, entitlements, events
from tillit.services.agreement_models import Agreement, AgreementEnd
from tillit.services.agreements import ACTIVITY, CUSTOMER
from tillit.services.entitlement_models import Entitlement
from tillit.services.errors import ServiceError
from tillit.services.product_models import Payer, ServiceProduct

OWN = "self_service"
_KNOWN_BY = {
    "name.given": "identity",
    "name.middle": "identity",
    "name.family": "identity",
    "birth_date": "birth_date",
}


@dataclass(frozen=True)
class Offered:
    """A product that can be ordered. price: None where it is not sold. through: the entitlement that pays for it."""

    product: ServiceProduct
    price: Money | None
    through: Entitlement | None


@dataclass(frozen=True)
class Held:
    """An agreement. undo_until: the last day on which its ending can be undone, None where it cannot. ends_if: the
    first day without it, if it is ended now; may_take_back: whether the order was made today.
    """

    agreement: Agreement
    price: Money
    undo_until: date | None
    runs: bool
    ends_if: date | None = None
    may_take_back: bool = False


@dataclass(frozen=True)
class Mine:
    """What a person has and can have. asks_birth_date: whether it must be known before anything is ordered (D12)."""

    held: Sequence[Held]
    offered: Sequence[Offered]
    asks_birth_date: bool


def offered(*, controller: Controller) -> bool:
    """Whether people order services of the controller by themselves."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return declared.activity(ACTIVITY) is not None and declared.activity("service_delivery") is not None


def mine(*, actor: Actor, controller: Controller, subject_id: int) -> Mine:
    """What the person has, newest first, and what can be ordered beside it."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return _of(controller, subject_id)


def _of(controller: Controller, subject_id: int) -> Mine:
    today = clock.today()
    held = [_held(one, today) for one in agreements.of_person(subject_id=subject_id)]
    going = {one.agreement.product_id for one in held if one.runs and one.agreement.ends is None}
    entitled = entitlements.standing(subject_id=subject_id, on=today)
    shown = [
        _offered(product, entitled, today)
        for product in agreements.orderable(controller_id=controller.pk, on=today)
        if product.pk not in going
    ]
    limit = current(controller_id=controller.pk, on=today).children
    asks = limit is not None and bool(limit.minimum_age) and ages.born(subject_id=subject_id) is None
    return Mine(held, [one for one in shown if one.price or one.through], asks)


def _held(one: Agreement, today: date) -> Held:
    until = agreements.undo_until(agreement=one, on=today)
    last = until if until is not None and today < until and one.end_reason != AgreementEnd.NOT_ENTITLED else None
    runs = one.starts <= today and (one.ends is None or today < one.ends)
    ends_if = agreements.end_day(agreement=one, on=today) if one.ends is None else None
    back = agreements.may_take_back(agreement=one, on=today)
    return Held(one, Money(one.price, one.currency), last, runs, ends_if, back)


def _offered(product: ServiceProduct, entitled: Sequence[Entitlement], today: date) -> Offered:
    cost = agreements.price(product=product, on=today) if Payer.CUSTOMER in product.payers else None
    through = next((one for one in entitled if one.product_id == product.pk), None)
    return Offered(product, Money(cost.minor, cost.currency) if cost else None, through)


def subscribe(
    *, actor: Actor, controller: Controller, subject_id: int, product: str, birth_date: str = "", free: bool = False
) -> Agreement:
    """Order a product, paid by oneself, or free through the partner that says the person is entitled.

    `birth_date` (`1990-05-04`) is recorded where none is known. Who was helped through their family is a customer from
    now on, known by what they said of themselves there (D12). Raises `ServiceError`: `no-product`, `not-entitled`, and
    as `agreements.subscribe`.
    """
    at = clock.now()
    chosen = ServiceProduct.objects.filter(controller=controller, key=product).first()
    if chosen is None:
        raise ServiceError("no-product", "there is no such product")
    said = _said_in_the_family(controller, subject_id)
    with _acting(actor, controller, subject_id) as scope:
        if said:
            parties.record_facts(
                scope=scope,
                subject_id=subject_id,
                controller_id=controller.pk,
                facts=said,
                source="data_subject",
                at=at,
            )
        if birth_date and ages.born(subject_id=subject_id) is None:
            ages.age(born=_day(birth_date), on=clock.local_date(at))
            parties.record_fact(
                scope=scope,
                subject_id=subject_id,
                controller_id=controller.pk,
                category="birth_date",
                kind="birth_date",
                value=birth_date,
                source="data_subject",
                at=at,
            )
        partner = None
        if free:
            through = entitlements.standing(subject_id=subject_id, on=clock.local_date(at))
            found = next((one for one in through if one.product_id == chosen.pk), None)
            if found is None:
                raise ServiceError("not-entitled", "no partner says that the person is entitled to it")
            partner = found.partner
        return agreements.subscribe(
            scope=scope,
            subject_id=subject_id,
            product=chosen,
            payer=Payer.PARTNER if free else Payer.CUSTOMER,
            partner=partner,
            at=at,
        )


def _said_in_the_family(controller: Controller, subject_id: int) -> list[parties.NewFact]:
    if not family.offered(controller=controller):
        return []
    with family_ties.naming(controller, subject_id):
        rows = Fact.objects.filter(
            subject_id=subject_id,
            controller_id=controller.pk,
            category=category_id("family"),
            kind__in=_KNOWN_BY,
            source="data_subject",
            superseded_at=None,
        )
        return [parties.NewFact(_KNOWN_BY[row.kind], row.kind, row.value) for row in rows]


def end(*, actor: Actor, controller: Controller, subject_id: int, agreement_id: int) -> Agreement:
    """End one of one's own. Raises `ServiceError` `no-agreement`."""
    with _acting(actor, controller, subject_id) as scope:
        row = agreements.one(subject_id=subject_id, agreement_id=agreement_id)
        return agreements.end(scope=scope, agreement=row, at=clock.now())


def take_back(*, actor: Actor, controller: Controller, subject_id: int, agreement_id: int) -> Agreement:
    """An order of today was a mistake. Raises `ServiceError` `no-agreement`, `take-back-late`."""
    with _acting(actor, controller, subject_id) as scope:
        row = agreements.one(subject_id=subject_id, agreement_id=agreement_id)
        return agreements.take_back(scope=scope, agreement=row, at=clock.now())


def undo(*, actor: Actor, controller: Controller, subject_id: int, agreement_id: int) -> Agreement:
    """An ending was a mistake: the agreement runs again, and what the archive took meanwhile is back (D10).

    Raises as `agreements.undo`.
    """
    with Scope(system("agreements", {controller.pk}), "retention", frozenset({subject_id})) as scope:
        row = agreements.one(subject_id=subject_id, agreement_id=agreement_id)  # it may lie in the archive
        agreements.undo(scope=scope, agreement=row, at=clock.now(), by_person=actor.kind == "member")
        archive.restore(subject_id=row.subject_id, controller_id=controller.pk, mistaken=True)
        with _acting(actor, controller, subject_id) as acting:
            append(
                type=events.ENDING_UNDONE,
                scope=acting,
                controller=controller.pk,
                subject=row.subject_id,
                details={"agreement": row.id},
            )
            return agreements.one(subject_id=subject_id, agreement_id=row.id)


def close_lapsed() -> int:
    """Whoever's last agreement is over is no customer any more, from that very day; how many. Outside every scope."""
    done, today = 0, clock.today()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        actor = system("agreements", {controller.pk})
        with Scope(actor, ACTIVITY):
            over = agreements.lapsed(controller_id=controller.pk, on=today)
        for subject, day in over:
            with Scope(actor, ACTIVITY, frozenset({subject})) as scope:
                done += parties.end_relationship(
                    scope=scope,
                    subject_id=subject,
                    controller_id=controller.pk,
                    kind=CUSTOMER,
                    ended=day,
                    reason="agreements_over",
                )
    return done


def may_handle(actor: Actor) -> bool:
    """Whether the member of staff looks after agreements."""
    return actor.activities is None or ACTIVITY in actor.activities


def look(*, actor: Actor, controller: Controller, subject_id: int) -> Mine:
    """A person's agreements as the desk sees them; the look is on record."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": ACTIVITY, "categories": ["relationship", "entitlement"]},
        )
        return _of(controller, subject_id)


def _acting(actor: Actor, controller: Controller, subject_id: int) -> Scope:
    """The scope in which a person agrees for themselves, or staff do for them."""
    if actor.kind == "staff":
        return person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id)
    own = replace(actor, activities=(actor.activities or frozenset()) | {ACTIVITY})
    return Scope(own, ACTIVITY, frozenset({subject_id}), frozenset({controller.pk}))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ServiceError("birth-date", "that is no date") from None
