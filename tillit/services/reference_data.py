"""What services know that is about nobody: issuers, products, prices and suppliers, kept by commands."""

from collections.abc import Mapping, Sequence
from datetime import date

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.identifiers import name as name_of
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money
from tillit.services.errors import ServiceError
from tillit.services.models import InstrumentKind, Issuer
from tillit.services.product_models import (
    SERVICES,
    SUPPLIED,
    Payer,
    ProductPrice,
    ServiceProduct,
    ServiceSupplier,
)

SUPPLIER_RECIPIENT = "service_supplier"
"""The declared recipient that suppliers of services are."""


def keep_issuer(*, controller: Controller, key: str, name: str, kind: str, phone: str, country: str = "NO") -> Issuer:
    """Add an issuer or change what is known of it. Raises `ServiceError` (`issuer-kind`: its kind cannot change),
    `IdentifierError` for the name or phone number.
    """
    if kind not in InstrumentKind.values:
        raise ServiceError("issuer-kind", "an issuer issues cards or subscriptions")
    said = {"name": name_of.normalise(name), "phone": phones.normalise(phone), "country": country.upper(), "ends": None}
    made, fresh = Issuer.objects.get_or_create(controller=controller, key=key, defaults={"kind": kind, **said})
    if made.kind != kind:
        raise ServiceError("issuer-kind", "what an issuer issues cannot change: give it another key")
    if not fresh:
        for field, value in said.items():
            setattr(made, field, value)
        made.save(update_fields=list(said))
    return made


def end_issuer(*, controller: Controller, key: str) -> bool:
    """It takes no more orders from today on; whether there was one."""
    return bool(Issuer.objects.filter(controller=controller, key=key).update(ends=clock.today()))


def keep_product(
    *,
    controller: Controller,
    key: str,
    names: Mapping[str, str],
    services: Sequence[str],
    payers: Sequence[str],
    starts: date,
    bills: str = "P1M",
    notice: str = "P0D",
    supplier: str = "",
    by_itself: bool = False,
) -> ServiceProduct:
    """Add a product or change what is known of it; those who have it keep their agreements. by_itself: whom a partner
    says is entitled has it, without ordering (only what a partner alone pays).

    Raises `ServiceError` (`services`, `payers`, `supplier`), `PeriodError` for a length, `IdentifierError` for a name.
    """
    if not services or not set(services) <= set(SERVICES):
        raise ServiceError("services", f"a product gives one or more of: {', '.join(SERVICES)}")
    declared = current(controller_id=controller.pk, on=clock.today())
    if missing := [one for one in services if one != SUPPLIED and declared.activity(one) is None]:
        raise ServiceError("services", f"the declaration has no such activity: {', '.join(missing)}")
    if not payers or not set(payers) <= set(Payer.values):
        raise ServiceError("payers", "who pays is customer, partner or both")
    if by_itself and set(payers) != {Payer.PARTNER}:
        raise ServiceError("payers", "what begins by itself is paid by a partner alone")
    by = ServiceSupplier.objects.filter(controller=controller, key=supplier).first() if supplier else None
    if (SUPPLIED in services) != (by is not None):
        raise ServiceError("supplier", f"what a supplier delivers gives '{SUPPLIED}' and names the supplier")
    said: dict[str, object] = {
        "names": {language: name_of.normalise(text) for language, text in names.items()},
        "services": sorted(set(services)),
        "payers": sorted(set(payers)),
        "bills": str(IsoPeriod.parse(bills)),
        "notice": str(IsoPeriod.parse(notice)),
        "supplier": by,
        "by_itself": by_itself,
        "starts": starts,
        "ends": None,
    }
    return ServiceProduct.objects.update_or_create(controller=controller, key=key, defaults=said)[0]


def end_product(*, controller: Controller, key: str) -> bool:
    """From today it cannot be ordered; whoever has it keeps it. Whether there was one."""
    return bool(ServiceProduct.objects.filter(controller=controller, key=key).update(ends=clock.today()))


def set_price(*, product: ServiceProduct, price: Money, starts: date) -> ProductPrice:
    """What it costs from that day, for those who order it then; agreements keep the price they were made at.

    Raises `ServiceError` `price-past` for a day before one that is set.
    """
    later = product.prices.filter(starts__gte=starts)
    if later.filter(starts__gt=starts).exists():
        raise ServiceError("price-past", "a later price is set already")
    later.delete()
    product.prices.filter(ends__isnull=True).update(ends=starts)
    return ProductPrice.objects.create(product=product, minor=price.minor, currency=price.currency, starts=starts)


def keep_supplier(
    *, controller: Controller, key: str, name: str, needs: Sequence[str], country: str = "NO"
) -> ServiceSupplier:
    """Add somebody who delivers services, or change what is known of it. needs: fields it gets, as declared.

    Raises `ServiceError` `needs` for fields the declared recipient may not have.
    """
    declared = current(controller_id=controller.pk, on=clock.today())
    recipient = next((one for one in declared.recipients if one.key == SUPPLIER_RECIPIENT), None)
    fields = vocabulary().fields
    wrong = [
        one
        for one in needs
        if recipient is None
        or one not in fields
        or fields[one].category not in recipient.categories
        or (recipient.only and one not in recipient.only)
    ]
    if wrong or not needs:
        raise ServiceError("needs", f"the declaration lets no supplier have: {', '.join(wrong) or 'nothing'}")
    said: dict[str, object] = {"name": name_of.normalise(name), "needs": sorted(set(needs)), "country": country.upper()}
    return ServiceSupplier.objects.update_or_create(controller=controller, key=key, defaults=said)[0]
