"""Agreements about services go along when customers are handed over (A10): to the receiver's product of the same key.

An agreement whose product, or paying partner, the receiver does not have stays with the giver and ends there with the
customer relationship, by its own notice.
"""

from datetime import date
from typing import Any

from django.db.models import Q

from tillit.declaration.registry.going import Arriving, Counts, Going, Leaving, Packed
from tillit.kernel import clock
from tillit.services.agreement_models import Agreement
from tillit.services.product_models import Partner, ServiceProduct

_ALONG = ("payer", "price", "currency", "starts", "ends", "end_reason", "made_at", "ended_at", "collected_under")


def carry(going: Going) -> Counts:
    """Make the person's running agreements at the receiver. In the caller's scope; rows that left and arrived."""
    if "relationship" not in going.categories:
        return {}
    products = {one.key: one for one in ServiceProduct.objects.filter(controller_id=going.receiver)}
    partners = {one.key: one for one in Partner.objects.filter(controller_id=going.receiver)}
    running = Agreement.objects.filter(subject_id__in=going.subjects, controller_id=going.giver)
    running = running.filter(Q(ends__isnull=True) | Q(ends__gt=clock.local_date(going.at)))
    left = arrived = 0
    for one in running.select_related("product", "partner").order_by("starts"):
        product, partner = products.get(one.product.key), one.partner and partners.get(one.partner.key)
        if product is None or (one.partner is not None and partner is None):
            continue
        left += 1
        twice = Agreement.objects.filter(subject_id=going.new, product=product, ends__isnull=True).exists()
        if twice:  # of two registrations of one person the first stands
            left -= 1
            continue
        Agreement.objects.create(
            subject_id=going.new,
            controller_id=going.receiver,
            product=product,
            payer=one.payer,
            partner=partner,
            price=one.price,
            currency=one.currency,
            starts=one.starts,
            ends=one.ends,
            end_reason=one.end_reason,
            made_at=one.made_at,
            ended_at=one.ended_at,
            collected_under=one.collected_under,
        )
        arrived += 1
    return {"services_agreement": (left, arrived)} if left else {}


def pack(leaving: Leaving) -> Packed:
    """The person's running agreements, by the keys of product and partner. They end here with the relationship."""
    if "relationship" not in leaving.categories:
        return Packed([], {})
    running = Agreement.objects.filter(subject_id__in=leaving.subjects, controller_id=leaving.giver)
    running = running.filter(Q(ends__isnull=True) | Q(ends__gt=clock.local_date(leaving.at)))
    rows = running.select_related("product", "partner").order_by("starts", "id")
    said = [
        {"product": one.product.key, "partner": one.partner.key if one.partner else ""}
        | {name: _plain(getattr(one, name)) for name in _ALONG}
        for one in rows
    ]
    return Packed(said, {})


def unpack(arriving: Arriving, said: list[dict[str, Any]]) -> dict[str, int]:
    """Make the agreements whose product (and partner) the receiver has. In the caller's scope; how many, by table."""
    products = {one.key: one for one in ServiceProduct.objects.filter(controller_id=arriving.receiver)}
    partners = {one.key: one for one in Partner.objects.filter(controller_id=arriving.receiver)}
    arrived = 0
    for one in said:
        product, partner = products.get(str(one["product"])), partners.get(str(one["partner"]))
        if product is None or (one["partner"] and partner is None):
            continue
        if Agreement.objects.filter(subject_id=arriving.new, product=product, ends__isnull=True).exists():
            continue  # of two registrations of one person the first stands
        Agreement.objects.create(
            subject_id=arriving.new,
            controller_id=arriving.receiver,
            product=product,
            partner=partner,
            **{name: one[name] for name in _ALONG},
        )
        arrived += 1
    return {"services_agreement": arrived} if arrived else {}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
