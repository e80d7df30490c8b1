"""Whether somebody is entitled through a partner (D1). Within an open scope that sees entitlements."""

from datetime import date

from django.db.models import QuerySet

from tillit.parties.merging import same_person
from tillit.services.entitlement_models import Entitlement


def standing(*, subject_id: int, on: date) -> list[Entitlement]:
    """The entitlements that hold that day, of every partner that still pays."""
    found = Entitlement.objects.filter(subject_id__in=same_person(subject_id), starts__lte=on).exclude(ends__lte=on)
    return list(found.exclude(partner__ends__lte=on).select_related("partner", "product").order_by("starts", "id"))


def of_person(*, subject_id: int) -> QuerySet[Entitlement]:
    """Every entitlement the scope sees, the latest first."""
    return Entitlement.objects.filter(subject_id__in=same_person(subject_id)).order_by("-starts", "-id")
