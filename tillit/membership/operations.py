"""What can be done about terms. Within an open scope."""

from collections.abc import Iterable
from datetime import datetime

from tillit.declaration.queries import current_version
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.membership.models import TermsAcceptance
from tillit.parties.operations import lock_subjects


def accept_terms(*, scope: Scope, subject_id: int, controller_id: int, route: str, at: datetime) -> TermsAcceptance:
    """Record that the person accepts the terms the controller has in effect now; once for each version."""
    state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    version = current_version(controller_id=controller_id, on=clock.local_date(at)).number
    accepted, _ = TermsAcceptance.objects.get_or_create(
        subject_id=subject_id,
        controller_id=controller_id,
        version=version,
        defaults={"accepted_at": at, "route": route, "state": state},
    )
    return accepted


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
