"""Breaches are assessed, told to the authority in time and to people at high risk (H12). Drills are practice only.

Broken: past the authority's deadline without having told it, or told late without a reason; a deadline that is not the
declared hours after it was known; a suspicion nobody has looked at in that time; high risk and people untold; closed
while authority, people, police or the supplier's report is owed.
"""

from datetime import datetime, timedelta

from tillit.cases.models import Case
from tillit.kernel import clock
from tillit.privacy.breach.kind import BREACH
from tillit.privacy.breach.operations import owed
from tillit.privacy.models import Breach
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once

PEOPLE_WITHIN = timedelta(hours=72)
"""How long after the assessment people at high risk may still wait ("without undue delay", GDPR 34(1))."""


def _check(context: Context, said: Said) -> Finding:
    now, hours = clock.now(), timedelta(hours=context.declaration.breach.authority_within_hours)
    rows = list(Breach.objects.filter(controller_id=context.id))
    real = [one for one in rows if not one.drill]
    faults = [fault for one in real for fault in _faults(one, now, hours)]
    faults += [f"{one.reference}: closed, and {left} is owed" for one in real if one.closed_at for left in owed(one)]
    untold = _untold(context, real)
    faults += [f"{reference}: {count} people at high risk were passed over" for reference, count in untold.items()]
    drills = [one.suspected_at for one in rows if one.drill]
    evidence: dict[str, int | str] = {"breaches": len(real), "open": sum(one.closed_at is None for one in real)}
    evidence |= {"last_drill": clock.local_date(max(drills)).isoformat()} if drills else {}
    return judged(faults, **evidence)


def _faults(breach: Breach, now: datetime, hours: timedelta) -> list[str]:
    faults = []
    name = breach.reference
    if breach.known_at is None:
        if breach.closed_at is None and now > breach.suspected_at + hours:
            faults.append(f"{name}: a suspicion that nobody has confirmed or dismissed in time")
        return faults
    due = breach.known_at + hours
    if breach.due_at is None or breach.due_at > due:
        faults.append(f"{name}: its deadline is later than the declared hours after it was known")
    needed = breach.risk != "none"
    if needed and breach.authority_at is None and now > due:
        faults.append(f"{name}: the authority has not been told, and the deadline has passed")
    if breach.authority_at is not None and breach.authority_at > due and not breach.late_because.strip():
        faults.append(f"{name}: the authority was told late, without a reason")
    told = breach.people_at is not None or breach.people_not_because
    if breach.risk == "high" and not told and breach.assessed_at and now > breach.assessed_at + PEOPLE_WITHIN:
        faults.append(f"{name}: people at high risk have not been told")
    return faults


def _untold(context: Context, breaches: list[Breach]) -> dict[str, int]:
    """Breach → people it concerns who were not told when the others were."""
    told = {one.reference for one in breaches if one.risk == "high" and one.people_at and one.closed_at}
    with context.scope():
        waiting = Case.objects.filter(controller_id=context.id, kind=BREACH, answered_at__isnull=True)
        found: dict[str, int] = {}
        for case in waiting:
            reference = str(case.fields.get("reference"))
            if reference in told:
                found[reference] = found.get(reference, 0) + 1
    return found


KIND = Kind("breach", once("breach", "breach"), _check)
