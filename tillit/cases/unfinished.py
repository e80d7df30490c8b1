"""What is under way when somebody leaves (D9, D10): it is finished first. In the archive nobody could, so the archive
waits for it, at most `DAYS` from the day they left; what is open then is closed as that (`left`), and archived.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from tillit.cases.kinds import Kind, kind_of
from tillit.cases.models import Case
from tillit.cases.operations import take
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.registry import archive_waits
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Relationship

DAYS = 30
OUTCOME = "left"
_CLOCK = "relationship_ended"
_WAITED_FOR: dict[str, tuple[str, ...]] = {}

_OPEN = """EXISTS (SELECT FROM cases_case c JOIN parties_relationship r USING (subject_id, controller_id)
 WHERE c.subject_id = t.subject_id AND c.closed_at IS NULL AND c.kind IN ({kinds})
 AND r.ended > %(on)s::date - {days})"""


def finished_first(category: str, *kinds: str) -> None:
    """Register that whoever leaves with a case of these kinds open (keys of ours) is archived when it is closed."""
    _WAITED_FOR[category] = kinds
    archive_waits(category, _OPEN.format(kinds=", ".join(f"'{key}'" for key in kinds), days=DAYS))


def close_everywhere() -> int:
    """Close what is still open of who left so long ago that the archive waits no longer; how many. Outside every scope,
    before retention runs.
    """
    done = 0
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        declared = current(controller_id=controller.pk, on=clock.today())
        for kind in {key: kind_of(key) for keys in _WAITED_FOR.values() for key in keys}.values():
            if _would_be_lost(declared, kind):
                done += _close(controller, kind, clock.now())
    return done


def _would_be_lost(declared: Declaration, kind: Kind) -> bool:
    """Whether its cases go into an archive that is closed to whoever handles them."""
    if declared.activity(kind.activity) is None:
        return False
    return any(
        one.clock == _CLOCK and kind.category in one.categories and kind.activity not in one.readers
        for one in declared.archives
    )


def _close(controller: Controller, kind: Kind, at: datetime) -> int:
    actor = system("departures", {controller.pk, holder_of(controller_id=controller.pk)})
    ties = Relationship.objects.filter(subject_id=OuterRef("subject_id"), controller_id=controller.pk)
    last = clock.local_date(at) - timedelta(days=DAYS)
    with Scope(actor, "retention"):  # which sees who left
        rows = Case.objects.filter(controller_id=controller.pk, kind=kind.key, closed_at=None)
        gone = rows.filter(Exists(ties.filter(ended__lte=last)))
        gone = gone.exclude(Exists(ties.filter(ended=None))).exclude(Exists(ties.filter(ended__gt=last)))
        found = list(gone.order_by("received_at", "id"))
    for case in found:
        with Scope(actor, kind.activity, frozenset({case.subject_id})) as scope:
            take(scope=scope, case=case, step="closed", at=at, outcome=OUTCOME)
    return len(found)
