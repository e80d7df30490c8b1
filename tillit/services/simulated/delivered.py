"""What somebody else delivers: a supplier is told whom it serves, and when that is over (D1)."""

import random
from uuid import uuid4

from tillit.declaration.simulated import Act, Person
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.services import agreements, supplied
from tillit.services.errors import ServiceError
from tillit.services.product_models import SUPPLIED, Payer, ProductPrice, ServiceProduct, ServiceSupplier
from tillit.services.reference_data import SUPPLIER_RECIPIENT
from tillit.services.supply_models import NoticeState, SupplierNotice

DELIVERED = "supplier_told"


def product(person: Person) -> ServiceProduct:
    """A product that a supplier delivers."""
    world = person.world

    def make() -> ServiceProduct:
        supplier = ServiceSupplier.objects.create(
            controller_id=world.controller_id, key="delivers", name="x", needs=["name"]
        )
        made = ServiceProduct.objects.create(
            controller_id=world.controller_id,
            key=SUPPLIED,
            names={"nb": "x", "en": "x"},
            services=[SUPPLIED],
            payers=[Payer.CUSTOMER],
            supplier=supplier,
            starts=clock.today(),
        )
        ProductPrice.objects.create(product=made, minor=4900, starts=clock.today())
        return made

    found: ServiceProduct = world.once("delivered product", make)
    return found


def deliver(person: Person, rng: random.Random) -> None:
    """A supplier has what it needs by computer or by hand, says no until it is called, or the agreement ends first; or
    it is told, when the agreement is over, that it is.
    """
    sold = product(person)
    with person.scope(agreements.ACTIVITY) as scope:
        try:
            made = agreements.subscribe(
                scope=scope, subject_id=person.subject_id, product=sold, payer=Payer.CUSTOMER, at=clock.now()
            )
        except ServiceError as refused:
            if refused.code != "agreed-later":
                raise
            return
    with person.scope(supplied.ACTIVITY) as scope:
        if supplied.of(made) is not None:
            return
        outcome = person.turn(DELIVERED)  # of those that come this far each is had in turn
        notice = supplied.ask(scope=scope, agreement=made, at=clock.now())
        if outcome != "ended first" and not _left(scope, notice, by_hand=outcome == "by hand"):
            return
        if outcome == "refused":
            supplied.settle(
                scope=scope, notice=notice, outcome=NoticeState.REFUSED, at=clock.now(), reason="unknown-area"
            )

    def settle() -> None:
        over = NoticeState.DROPPED if outcome == "ended first" else NoticeState.CONFIRMED
        with person.scope(supplied.ACTIVITY) as scope:
            supplied.settle(scope=scope, notice=notice, outcome=over, at=clock.now())
        if outcome == "told it is over":
            person.later(25, end)
        else:
            person.came(DELIVERED, outcome)

    def end() -> None:
        with person.scope(agreements.ACTIVITY) as scope:
            agreements.end(scope=scope, agreement=made, at=clock.now())
        person.later(40, tell, after=True)

    def tell() -> None:
        with person.world.scope("retention") as scope:
            supplied.follow_endings(controller_id=person.world.controller_id, at=clock.now())
            for one in supplied.endings(controller_id=person.world.controller_id):
                supplied.settle(scope=scope, notice=one, outcome=NoticeState.ENDED, at=clock.now())
            told = SupplierNotice.objects.filter(id=notice.id, notice_state=NoticeState.ENDED)
            if told.exists():
                person.came(DELIVERED, outcome)

    person.later(5, settle)


def _left(scope: Scope, notice: SupplierNotice, *, by_hand: bool) -> bool:
    """Whether the person's data may go to the supplier now; then that is on record."""
    try:
        disclose(
            scope=scope,
            subject_id=notice.subject_id,
            controller_id=notice.controller_id,
            recipient=SUPPLIER_RECIPIENT,
            fields={"name": "x"},
            at=clock.now(),
            party=notice.supplier.key,
            country=notice.supplier.country,
        )
    except DisclosureRefusedError:
        return False
    supplied.left(notice=notice, told=uuid4(), by_hand=by_hand)
    return True


ACTS = {
    DELIVERED: Act(
        deliver,
        {agreements.ACTIVITY: ("relationship",), supplied.ACTIVITY: ("service_use",)},
        ("confirmed", "by hand", "refused", "ended first", "told it is over"),
    )
}
