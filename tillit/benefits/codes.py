"""Codes of benefits (B3): a shared one for everybody who has the benefit, or single-use ones, each drawn once."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from tillit.benefits.catalogue import ACTIVITY, Listed
from tillit.benefits.errors import CatalogueError, OrderError
from tillit.benefits.models import Benefit, Kind, PoolCode
from tillit.benefits.order_models import DrawnCode
from tillit.kernel.scope import Scope, require
from tillit.kernel.sql import load
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject

LONGEST = 60


def fill(*, benefit: Benefit, codes: Iterable[str]) -> int:
    """Put single-use codes into the benefit's pool; how many are new. The same again changes nothing.

    Raises `CatalogueError` for a code that is empty or too long: then none is put in.
    """
    given = [code.strip() for code in codes]
    if wrong := [at for at, code in enumerate(given, 1) if not code or len(code) > LONGEST]:
        raise CatalogueError("code-length", f"code {wrong[0]}: a code has 1 to {LONGEST} characters")
    before = PoolCode.objects.filter(benefit=benefit).count()
    PoolCode.objects.bulk_create(
        [PoolCode(benefit=benefit, text=code) for code in dict.fromkeys(given)], ignore_conflicts=True, batch_size=2000
    )
    return PoolCode.objects.filter(benefit=benefit).count() - before


def left(*, benefit: Benefit) -> int:
    """How many codes nobody has drawn."""
    return PoolCode.objects.filter(benefit=benefit).count()


def drawn(*, subject_id: int, benefit_id: int) -> DrawnCode | None:
    """The code the person drew of a benefit."""
    return DrawnCode.objects.filter(subject_id__in=same_person(subject_id), benefit_id=benefit_id).first()


def draw(*, scope: Scope, subject_id: int, controller_id: int, benefit: Listed, at: datetime) -> DrawnCode:
    """Draw a single-use code: exactly once, whoever draws at the same time; asked again, the same person has the same.

    `benefit` is one the person has (`catalogue.listed`). Raises `OrderError`: `no-codes` when the pool is empty,
    `not-a-code` for a benefit without one.
    """
    require(activity=ACTIVITY)
    if benefit.edition.kind != Kind.SINGLE_CODE:
        raise OrderError("not-a-code", "the benefit gives no single-use code")
    state = lock_subject(scope=scope, subject_id=subject_id)
    if standing := drawn(subject_id=subject_id, benefit_id=benefit.benefit.pk):
        return standing
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalogue", "draw"), {"benefit": benefit.benefit.pk})
        row = cursor.fetchone()
    if row is None:
        raise OrderError("no-codes", "there is no code left")
    return DrawnCode.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        benefit_id=benefit.benefit.pk,
        text=row[0],
        drawn_at=at,
    )
