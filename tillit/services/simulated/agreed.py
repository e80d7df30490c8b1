"""Products agreed on, ended, taken up again; paid by a partner; things."""

import random
from collections.abc import Mapping
from datetime import timedelta

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person, World
from tillit.kernel import clock
from tillit.services import agreements, feeds, partners
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.objects import operations as things
from tillit.services.product_models import SERVICES, SUPPLIED, Partner, Payer, ProductPrice, ServiceProduct

AGREED, ENTITLED, THING = "agreement", "partner_access", "belonging"
OBJECTS, ALL = "object_registration", "all"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def product(world: World) -> ServiceProduct:
    """A product that gives access to all the services of the declaration, paid for by customer or partner."""

    def make() -> ServiceProduct:
        made = ServiceProduct.objects.create(
            controller_id=world.controller_id,
            key=ALL,
            names={"nb": "x", "en": "x"},
            services=[one for one in SERVICES if one != SUPPLIED and world.declaration.activity(one)],
            payers=[Payer.CUSTOMER, Payer.PARTNER],
            starts=clock.today(),
        )
        ProductPrice.objects.create(product=made, minor=9900, starts=clock.today())
        return made

    found: ServiceProduct = world.once("product", make)
    return found


def agreed(person: Person) -> Agreement | None:
    """An agreement of the person's that runs, made where there is none; None where its ending is not over yet."""
    sold = product(person.world)
    with person.scope(agreements.ACTIVITY) as scope:
        try:
            return agreements.subscribe(
                scope=scope, subject_id=person.subject_id, product=sold, payer=Payer.CUSTOMER, at=clock.now()
            )
        except ServiceError as refused:
            if refused.code != "agreed-later":
                raise
    return None


def agree(person: Person, rng: random.Random) -> None:
    """Agree on a product: it goes on, is ended, or its ending is undone in time."""
    outcome, made = person.turn(AGREED), agreed(person)
    if made is None:
        return

    def end() -> None:
        with person.scope(agreements.ACTIVITY) as scope:
            agreements.end(scope=scope, agreement=made, at=clock.now())
        if outcome == "ended":
            person.came(AGREED, outcome)

    def undo() -> None:
        with person.scope(agreements.ACTIVITY) as scope:
            if not Agreement.objects.filter(subject_id=made.subject_id, id=made.id, end_reason="own_wish").exists():
                return  # the relationship went with it, or a partner pays by now
            agreements.undo(scope=scope, agreement=made, at=clock.now())
        person.came(AGREED, outcome)

    if outcome == "runs":
        person.came(AGREED, outcome)
    else:
        person.later(30, end)
    if outcome == "undone":
        person.later(60, undo)


def entitle(person: Person, rng: random.Random) -> None:
    """A partner says of somebody we have not heard of that it pays: until a day it names, until it says that it does no
    more, or from now on.
    """
    world, outcome = person.world, person.turn(ENTITLED)
    partner: Partner = world.once("partner", lambda: _partner(world))
    said = {"given": "Kari", "family": "Li", "customer_number": f"S{world.turns[ENTITLED]}", "product": ALL}
    today = clock.today()
    said["starts"] = today.isoformat()
    if outcome == "expired":
        said["ends"] = (today + timedelta(days=90)).isoformat()
    _list(partner, said)
    if outcome != "withdrawn":
        person.came(ENTITLED, outcome)
        return

    def withdraw() -> None:
        _list(partner, said | {"ends": clock.today().isoformat()})
        person.came(ENTITLED, outcome)

    person.later(90, withdraw)


def _partner(world: World) -> Partner:
    product(world)
    key = world.declaration.partners[0].key
    return partners.keep(controller=Controller.objects.get(pk=world.controller_id), key=key)


def _list(partner: Partner, said: Mapping[str, str]) -> None:
    found = feeds.compare(partner=partner, rows=[(1, said)], full=False)
    if found.rejects:
        raise LookupError(f"a partner's row was put aside: {found.rejects[0].code}")
    feeds.apply(partner=partner, found=found, at=clock.now())


def thing(person: Person, rng: random.Random) -> None:
    """A belonging is entered: it stays, is removed, or brought back in time."""
    outcome, said = person.turn(THING), things.Said(name="x")
    agreed(person)
    with person.scope(OBJECTS) as scope:
        made = things.add(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.controller_id,
            said=said,
            at=clock.now(),
        )
        things.attach(
            scope=scope, subject_id=person.subject_id, thing_id=made.id, what="receipt", body=PDF, at=clock.now()
        )
        if outcome != "kept":
            things.remove(scope=scope, subject_id=person.subject_id, thing_id=made.id, at=clock.now())
    if outcome != "brought back":
        person.came(THING, outcome)
        return

    def back() -> None:
        with person.scope(OBJECTS) as scope:
            things.bring_back(scope=scope, subject_id=person.subject_id, thing_id=made.id)
        person.came(THING, outcome)

    person.later(6, back)


ACTS = {
    AGREED: Act(agree, {agreements.ACTIVITY: ("relationship",), "service_delivery": ()}, ("runs", "ended", "undone")),
    ENTITLED: Act(entitle, {feeds.ACTIVITY: ("entitlement",)}, ("runs", "expired", "withdrawn")),
    THING: Act(thing, {OBJECTS: ("registered_object",)}, ("kept", "removed", "brought back")),
}
