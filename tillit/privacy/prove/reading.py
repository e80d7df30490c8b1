"""Unusual reading by staff is raised at the breach desk: the report is made anew and held against it (A9, H12, H18)."""

from datetime import timedelta

from tillit.privacy import anomalies
from tillit.privacy.models import Breach
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once

DAYS = 30


def _check(context: Context, said: Said) -> Finding:
    """Every day of the last thirty, but today, that amounts to a suspicion has one in the register."""
    since = context.on - timedelta(days=DAYS)
    found = anomalies.report(controller_id=context.id, since=since, until=context.on)
    wanted = {anomalies.key_of(staff, day): len(ones) for (staff, day), ones in anomalies.suspicious(found).items()}
    known = set(Breach.objects.filter(controller_id=context.id, key__in=list(wanted)).values_list("key", flat=True))
    faults = [f"{key}: stands out and was not raised" for key in sorted(set(wanted) - known)]
    return judged(faults, stand_out=len(found), raised=len(known))


KIND = Kind("reading", once("reading", "breach"), _check)
