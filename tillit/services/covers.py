"""Insurance cover (D7): whom a product insures, from when to when. Within an open scope of `insurance_cover`."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db.models import Q, QuerySet

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.services import events
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import Cover, CoverTerms

ACTIVITY = "insurance_cover"


def keep_terms(
    *,
    controller: Controller,
    product: str,
    policy: str,
    insures: Mapping[str, str],
    most: int,
    own_share: int,
    starts: date,
) -> CoverTerms:
    """What a product insures from a day on; what held before ends then. Raises `ServiceError` `cover-terms`."""
    if most <= 0 or own_share < 0 or not insures or not policy.strip():
        raise ServiceError("cover-terms", "say the policy, what it insures and up to what sum")
    before = CoverTerms.objects.filter(Q(ends=None) | Q(ends__gt=starts), controller=controller, product=product)
    before.filter(starts__lt=starts).update(ends=starts)
    said = {"policy": policy, "insures": dict(insures), "most": most, "own_share": own_share}
    made, _ = CoverTerms.objects.update_or_create(controller=controller, product=product, starts=starts, defaults=said)
    return made


def terms_of(*, controller_id: int, product: str, on: date) -> CoverTerms | None:
    """What a product insures on a day; None: nothing."""
    found = CoverTerms.objects.filter(controller_id=controller_id, product=product, starts__lte=on)
    return found.filter(Q(ends=None) | Q(ends__gt=on)).order_by("-starts").first()


def insure(
    *,
    scope: Scope,
    subject_id: int,
    terms: CoverTerms,
    starts: date,
    ends: date | None,
    at: datetime,
    agreement_id: int | None = None,
) -> Cover:
    """The person is covered, [starts, ends). An agreement has one cover: the same again is set to these days."""
    state = lock_subject(scope=scope, subject_id=subject_id)
    standing = None
    if agreement_id is not None:
        standing = Cover.objects.filter(subject_id=subject_id, agreement_id=agreement_id).first()
    if standing is not None:
        if (standing.starts, standing.ends) != (starts, ends):
            Cover.objects.filter(subject_id=subject_id, id=standing.id).update(starts=starts, ends=ends)
            standing.starts, standing.ends = starts, ends
            _note(scope, standing, "changed")
        return standing
    made = Cover.objects.create(
        subject_id=subject_id,
        controller_id=terms.controller_id,
        state=state,
        terms=terms,
        agreement_id=agreement_id,
        starts=starts,
        ends=ends,
    )
    _note(scope, made, "insured")
    return made


def end(*, scope: Scope, cover: Cover, ends: date) -> None:
    """The cover ends. Raises `ServiceError` `cover-order` for a day before it began."""
    lock_subject(scope=scope, subject_id=cover.subject_id)
    if ends < cover.starts:
        raise ServiceError("cover-order", "a cover ends on or after the day it began")
    Cover.objects.filter(subject_id=cover.subject_id, id=cover.id).update(ends=ends)
    cover.ends = ends
    _note(scope, cover, "ended")


def of_person(*, subject_id: int) -> QuerySet[Cover]:
    """The person's covers, newest first."""
    found = Cover.objects.filter(subject_id__in=same_person(subject_id))
    return found.select_related("terms").order_by("-starts", "-id")


def covered(*, subject_id: int, cover_id: int, on: date) -> Cover:
    """The cover that held on a day. Raises `ServiceError` `not-covered`."""
    found = of_person(subject_id=subject_id).filter(Q(ends=None) | Q(ends__gt=on), id=cover_id, starts__lte=on).first()
    if found is None:
        raise ServiceError("not-covered", "the cover did not hold on that day")
    return found


def _note(scope: Scope, cover: Cover, change: str) -> None:
    append(
        type=events.COVER_CHANGED,
        scope=scope,
        controller=cover.controller_id,
        subject=cover.subject_id,
        details={"cover": cover.id, "change": change},
    )
