"""The concierge in the database (D5), and how long registered objects stay (D6)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.support.world import person, publish_examples
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import agreements
from tillit.services.agreement_models import Agreement
from tillit.services.concierge import operations as concierge
from tillit.services.concierge.errors import ConciergeError
from tillit.services.concierge.models import Offer, Standing
from tillit.services.objects import operations as objects
from tillit.services.objects.models import Thing, ThingFile
from tillit.services.product_models import Payer, ProductPrice, ServiceProduct, ServiceSupplier

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Guest:
    """A customer and the scopes in which things are done for them."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.subject = person(controller, "customer", given="Kari", family="Nordmann", email="kari@post.example")

    def scope(self, activity: str = "concierge") -> Scope:
        return Scope(system("test", {self.controller.pk}), activity, frozenset({self.subject}))

    def status(self, path: str) -> set[str]:
        found = prove(controllers=[self.controller.key], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.path == path}


@pytest.fixture
def guest(db: object) -> Guest:
    clock.travel(NOW)
    return Guest(publish_examples("loyalty_services")["trygghavn"])


def ask(guest: Guest, scope: Scope) -> Case:
    return cases.open_case(
        scope=scope, subject_id=guest.subject, controller_id=guest.controller.pk, kind=concierge.CONCIERGE,
        channel="phone", at=NOW, fields={"text": "Et rom i juli"},
    )  # fmt: skip


def test_d5_postgresql_refuses_a_booking_not_chosen_and_one_abroad_without_a_yes(guest: Guest) -> None:
    where = {"controller": guest.controller, "country": "US", "needs": ["name", "email"]}
    hotel = ServiceSupplier.objects.create(key="hotell", name="Hotell", **where)
    with guest.scope() as scope:
        case = ask(guest, scope)
        given: dict[str, Any] = {"scope": scope, "case": case, "at": NOW}
        made = concierge.offer(**given, supplier=hotel, what="Rom", amount=1, needs=["name"])
        for changed in (
            {"sent_at": NOW, "reference": "00000000-0000-0000-0000-000000000001"},
            {"sent_at": NOW, "chosen_at": NOW, "reference": "00000000-0000-0000-0000-000000000001"},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                Offer.objects.filter(subject_id=guest.subject, id=made.id).update(**changed)
        with pytest.raises(ConciergeError) as refused:
            concierge.choose(**given, offer_id=made.id)
        assert refused.value.code == "ask-abroad"
        concierge.choose(**given, offer_id=made.id, yes_to="Ja, jeg vet det")
        sent = concierge.book(**given, offer_id=made.id)
        assert dict(sent.payload) == {"name": "Kari Nordmann", "booked": "Rom"}
        with pytest.raises(ConciergeError) as refused:
            concierge.turn_down(**given, offer_id=made.id)
        assert refused.value.code == "standing"
        concierge.report(**given, offer_id=made.id, confirmation="X1", text="", cancelled=True)
        assert Offer.objects.get(id=made.id).standing == Standing.CANCELLED
    assert guest.status("activities.concierge") == {"kept"}
    with guest.scope("rights_requests"):
        Disclosure.objects.filter(subject_id=guest.subject).update(asked_at=None)
    assert guest.status("activities.concierge") == {"broken"}


def test_d5_what_an_offer_may_say_and_when_it_is_chosen(guest: Guest) -> None:
    hotel = ServiceSupplier.objects.create(controller=guest.controller, key="h", name="H", needs=["name"])
    with guest.scope() as scope:
        case = ask(guest, scope)
        given: dict[str, Any] = {"scope": scope, "case": case, "at": NOW}
        wrong: tuple[tuple[dict[str, Any], str], ...] = (
            ({"what": " "}, "words"),
            ({"what": "Kort 4111 1111 1111 1111"}, "words"),
            ({"amount": -1}, "amount"),
            ({"needs": ["address"]}, "needs"),
            ({"valid_until": NOW}, "day"),
        )
        for changed, code in wrong:
            with pytest.raises(ConciergeError) as refused:
                concierge.offer(**given, **{"supplier": hotel, "what": "Rom", "amount": 1, **changed})
            assert refused.value.code == code
        made = concierge.offer(**given, supplier=hotel, what="Rom", amount=1, valid_until=NOW + timedelta(days=1))
        late = given | {"at": NOW + timedelta(days=1)}
        with pytest.raises(ConciergeError) as refused:
            concierge.choose(**late, offer_id=made.id)
        assert refused.value.code == "too-late"
        concierge.choose(**given, offer_id=made.id)
        concierge.turn_down(**given, offer_id=made.id)
        concierge.turn_down(**given, offer_id=made.id)
        assert Offer.objects.get(id=made.id).standing == Standing.DECLINED


def agree(guest: Guest) -> Agreement:
    made = ServiceProduct.objects.create(
        controller=guest.controller, key="trygg", names={"nb": "Trygg"}, services=["object_registration"],
        payers=["customer"], starts=date(2026, 1, 1),
    )  # fmt: skip
    ProductPrice.objects.create(product=made, minor=9900, starts=date(2026, 1, 1))
    with guest.scope("retention") as scope:
        return Agreement.objects.create(
            subject_id=guest.subject, controller_id=guest.controller.pk, product=made, payer=Payer.CUSTOMER,
            starts=NOW.date(), made_at=NOW, collected_under=scope.activity,
        )  # fmt: skip


def held(guest: Guest) -> tuple[int, int]:
    with guest.scope("rights_requests"):
        mine = {"subject_id": guest.subject}
        return Thing.objects.filter(**mine).count(), ThingFile.objects.filter(**mine).count()


def test_d6_objects_go_three_months_after_access_ended_and_deleted_ones_after_a_week(guest: Guest) -> None:
    agreement = agree(guest)
    pdf = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
    with guest.scope("object_registration") as scope:
        whose: dict[str, Any] = {"scope": scope, "subject_id": guest.subject}
        kept, gone = (
            objects.add(**whose, controller_id=guest.controller.pk, said=objects.Said(name), at=NOW)
            for name in ("Sykkel", "Ski")
        )
        for thing in (kept, gone):
            objects.attach(**whose, thing_id=thing.id, what="receipt", body=pdf, at=NOW)
        objects.remove(**whose, thing_id=gone.id, at=NOW)
    assert guest.status("activities.object_registration") == {"kept"}
    for day, left in ((datetime(2026, 3, 8, 12, tzinfo=UTC), 2), (datetime(2026, 3, 9, 12, tzinfo=UTC), 1)):
        clock.travel(day)
        retention.run()
        assert held(guest) == (left, left)
    with guest.scope("customer_administration") as scope:
        ended = agreements.end(scope=scope, agreement=agreement, at=clock.now())
    assert ended.ends == date(2026, 3, 10)
    for day, left in ((datetime(2026, 6, 9, 12, tzinfo=UTC), 1), (datetime(2026, 6, 10, 12, tzinfo=UTC), 0)):
        clock.travel(day)
        retention.run()
        assert held(guest) == (left, left)
