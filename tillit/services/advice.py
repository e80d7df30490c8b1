"""Advice and suggestions, fitted to gender where it matters (D13). What is said is about nobody; whom it is for is
asked only of who wants it.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.identifiers import name as name_of
from tillit.services.errors import ServiceError
from tillit.services.product_models import FITTED, SERVICES, Advice

LONGEST = 1000


def keep(*, controller: Controller, key: str, service: str, texts: Mapping[str, str], gender: str = "") -> Advice:
    """Add advice about a service, or change it. gender: whom it is for; empty: everybody.

    Raises `ServiceError`: `services`, `gender`, `advice` (no words, or too many), `IdentifierError` for the words.
    """
    if service not in SERVICES:
        raise ServiceError("services", f"advice is about one of: {', '.join(SERVICES)}")
    if gender and gender not in FITTED:
        raise ServiceError("gender", f"advice is for everybody, or one of: {', '.join(FITTED)}")
    if not texts or any(not text.strip() or len(text) > LONGEST for text in texts.values()):
        raise ServiceError("advice", f"say it in words, {LONGEST} signs at most")
    said = {
        "service": service,
        "gender": gender,
        "texts": {language: text.strip() for language, text in texts.items()},
        "ends": None,
    }
    return Advice.objects.update_or_create(controller=controller, key=name_of.normalise(key), defaults=said)[0]


def end(*, controller: Controller, key: str) -> bool:
    """From today it is given no more; whether it was."""
    return bool(Advice.objects.filter(controller=controller, key=key, ends=None).update(ends=clock.today()))


def given(*, controller_id: int, gender: str, on: date) -> Sequence[Advice]:
    """What is said to somebody of that gender ('': not known, or not used): what is fitted first, then for all."""
    rows = Advice.objects.filter(Q(ends=None) | Q(ends__gt=on), controller_id=controller_id, gender__in={"", gender})
    return sorted(rows, key=lambda one: (one.service, not one.gender, one.key))
