"""Products and agreements (D1, D10, D12): who has access, from when to when, and what an ending leads to."""

from datetime import UTC, date, datetime

import pytest

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.services import agreements
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.product_models import Payer, ProductPrice, ServiceProduct

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def trygghavn(fresh_db: object) -> Controller:
    clock.travel(NOW)
    return publish_examples("loyalty_services")["trygghavn"]


@pytest.fixture
def product(trygghavn: Controller) -> ServiceProduct:
    made = ServiceProduct.objects.create(
        controller=trygghavn,
        key="trygg",
        names={"nb": "Trygg", "en": "Safe"},
        services=["card_blocking", "object_registration"],
        payers=["customer", "partner"],
        starts=date(2026, 1, 1),
    )
    ProductPrice.objects.create(product=made, minor=9900, starts=date(2026, 1, 1))
    return made


def scope(of: Controller, subject: int, activity: str = agreements.ACTIVITY) -> Scope:
    return Scope(system("test", {of.pk}), activity, frozenset({subject}))


def born(of: Controller, subject: int, day: str) -> None:
    with scope(of, subject) as opened:
        parties.record_fact(
            scope=opened,
            subject_id=subject,
            controller_id=of.pk,
            category="birth_date",
            kind="birth_date",
            value=day,
            source="data_subject",
            at=clock.now(),
        )


def agree(of: Controller, subject: int, product: ServiceProduct) -> Agreement:
    with scope(of, subject) as opened:
        return agreements.subscribe(
            scope=opened, subject_id=subject, product=product, payer=Payer.CUSTOMER, at=clock.now()
        )


def access(of: Controller, subject: int, on: date, service: str = "object_registration") -> bool:
    with scope(of, subject):
        return agreements.has_access(subject_id=subject, controller_id=of.pk, service=service, on=on)


def test_d1_an_agreement_gives_access_from_its_first_day_to_its_last(
    trygghavn: Controller, product: ServiceProduct
) -> None:
    kari = person(trygghavn, "customer", given="Kari", family="Nordmann")
    born(trygghavn, kari, "1990-05-04")
    assert not access(trygghavn, kari, date(2026, 3, 2))
    made = agree(trygghavn, kari, product)
    assert (made.price, made.starts, made.payer) == (9900, date(2026, 3, 2), "customer")
    assert agree(trygghavn, kari, product) == made
    assert access(trygghavn, kari, date(2026, 3, 2))
    assert not access(trygghavn, kari, date(2026, 3, 2), "concierge")
    with scope(trygghavn, kari) as opened:
        ended = agreements.end(scope=opened, agreement=made, at=clock.now())
    assert ended.ends == date(2026, 3, 3)
    assert access(trygghavn, kari, date(2026, 3, 2))
    assert not access(trygghavn, kari, date(2026, 3, 3))


def test_d12_who_is_under_eighteen_on_the_day_cannot_subscribe(trygghavn: Controller, product: ServiceProduct) -> None:
    kari = person(trygghavn, "customer", given="Kari", family="Nordmann")
    with pytest.raises(ServiceError, match="date of birth") as refused:
        agree(trygghavn, kari, product)
    assert refused.value.code == "birth-date-unknown"
    born(trygghavn, kari, "2008-03-03")
    with pytest.raises(ServiceError) as refused:
        agree(trygghavn, kari, product)
    assert refused.value.code == "too-young"
    clock.travel(datetime(2026, 3, 3, 0, 30, tzinfo=UTC))
    assert agree(trygghavn, kari, product).starts == date(2026, 3, 3)
