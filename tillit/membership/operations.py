"""What can be done about terms. Within an open scope."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from tillit.declaration.personal import RowState
from tillit.declaration.queries import current_version
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import TermsAcceptance
from tillit.parties.operations import lock_subject


def accept_terms(
    *, scope: Scope, subject_id: int, controller_id: int, route: str, at: datetime, number: int | None = None
) -> TermsAcceptance:
    """Record that the person accepts the terms the controller has in effect now; once for each version. `number`: a
    version to come that is accepted beforehand.
    """
    state = lock_subject(scope=scope, subject_id=subject_id)
    version = number or current_version(controller_id=controller_id, on=clock.local_date(at)).number
    _again(subject_id, controller_id, version, at)
    accepted, _ = TermsAcceptance.objects.get_or_create(
        subject_id=subject_id,
        controller_id=controller_id,
        version=version,
        defaults={"accepted_at": at, "route": route, "state": state},
    )
    return accepted


def _again(subject_id: int, controller_id: int, version: int, at: datetime) -> None:
    """What lies in an archive that the open scope does not see is accepted anew by who comes back: it is live again."""
    with Scope(system("rejoining", {controller_id}), "retention", frozenset({subject_id})):
        archived = TermsAcceptance.objects.filter(
            subject_id=subject_id, controller_id=controller_id, version=version, state__gte=RowState.ARCHIVED
        )
        archived.update(state=F("state") - RowState.ARCHIVED, accepted_at=at)


def accept_terms_of_new(*, scope: Scope, accepted: Iterable[tuple[int, int, datetime]]) -> int:
    """Record for new subjects, as (subject, controller, when), that they accept the terms now in effect; how many."""
    rows = list(accepted)
    versions = {one: current_version(controller_id=one, on=clock.today()).number for one in {c for _, c, _ in rows}}
    TermsAcceptance.objects.bulk_create(
        [
            TermsAcceptance(subject_id=s, controller_id=c, version=versions[c], accepted_at=at, route="takeover")
            for s, c, at in rows
        ],
        batch_size=2000,
    )
    return len(rows)
