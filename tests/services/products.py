"""A services company with products, partners and people, for tests."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.services import agreements, partners
from tillit.services.agreement_models import Agreement
from tillit.services.entitlement_models import Entitlement
from tillit.services.product_models import Partner, Payer, ProductPrice, ServiceProduct, ServiceSupplier

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Company:
    """The services company."""

    controller: Controller
    product: ServiceProduct
    bank: Partner
    union: Partner

    def scope(self, subject: int, activity: str = agreements.ACTIVITY) -> Scope:
        return Scope(system("test", {self.controller.pk}), activity, frozenset({subject}))

    def everyone(self, activity: str = "rights_requests") -> Scope:
        return Scope(system("test", {self.controller.pk}), activity)

    def customer(self, born: str = "1990-05-04", **facts: str) -> int:
        facts = {"given": "Kari", "family": "Nordmann", **facts}
        subject = person(self.controller, "customer", **facts)
        if born:
            self.born(subject, born)
        return subject

    def born(self, subject: int, day: str) -> None:
        with self.scope(subject) as opened:
            parties.record_fact(
                scope=opened,
                subject_id=subject,
                controller_id=self.controller.pk,
                category="birth_date",
                kind="birth_date",
                value=day,
                source="data_subject",
                at=clock.now(),
            )

    def agree(self, subject: int, payer: str = Payer.CUSTOMER, **given: Any) -> Agreement:
        with self.scope(subject) as opened:
            return agreements.subscribe(
                scope=opened,
                subject_id=subject,
                product=given.pop("product", self.product),
                payer=Payer(payer),
                at=clock.now(),
                **given,
            )

    def access(self, subject: int, on: date, service: str = "object_registration") -> bool:
        with self.scope(subject):
            return agreements.has_access(subject_id=subject, controller_id=self.controller.pk, service=service, on=on)

    def entitled(self) -> list[Entitlement]:
        with self.everyone():
            return list(Entitlement.objects.order_by("number", "starts"))


def company() -> Company:
    """Published, with a product that customers and partners pay for, and two partners."""
    trygghavn = publish_examples("loyalty_services")["trygghavn"]
    supplier = ServiceSupplier.objects.create(
        controller=trygghavn, key="veihjelp", name="Veihjelpen", needs=["name", "phone"]
    )
    product = ServiceProduct.objects.create(
        controller=trygghavn,
        key="trygg",
        names={"nb": "Trygg", "en": "Safe"},
        services=["card_blocking", "object_registration", "supplied"],
        payers=["customer", "partner"],
        supplier=supplier,
        starts=date(2026, 1, 1),
    )
    ProductPrice.objects.create(product=product, minor=9900, starts=date(2026, 1, 1))
    bank, union = (partners.keep(controller=trygghavn, key=key) for key in ("fjordbank", "havforbund"))
    return Company(trygghavn, product, bank, union)
