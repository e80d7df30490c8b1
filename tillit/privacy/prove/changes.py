"""Material changes are told beforehand (A4): the notice promised was given, and everybody concerned has a message."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.db import connection

from tillit.consent.queries import lawful_subjects
from tillit.declaration import registry
from tillit.declaration.models import DeclarationVersion
from tillit.declaration.publish import earliest
from tillit.declaration.queries import to_accept, version_declaration
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.parties.merging import same_people
from tillit.privacy.changes import ACTIVITY, coming, untold
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts

BY_THEN = timedelta(days=1)
"""How long after publishing everybody has been told."""


def _promised(declaration: Declaration) -> Iterator[Said]:
    yield Said("changes", texts(declaration, "changes"), "changes")


def _check(context: Context, said: Said) -> Finding:
    faults = list(_too_soon(context))
    waiting = [v for v in coming(controller_id=context.id, on=context.on) if v.published_at + BY_THEN < clock.now()]
    directly = context.declaration.activity(ACTIVITY) is not None
    with context.scope():
        faults += [
            f"{len(left)} people have not been told of version {version.number}"
            for version in (waiting if directly else ())
            if (left := untold(controller_id=context.id, version=version))
        ]
    return judged(faults, coming=len(waiting), directly="yes" if directly else "on the web site only")


def _too_soon(context: Context) -> Iterator[str]:
    """Material versions that took effect before the notice that the version before them promised was over."""
    before: DeclarationVersion | None = None
    for version in DeclarationVersion.objects.filter(controller_id=context.id).order_by("number"):
        if before is not None and version.material:
            first = earliest(standing=version_declaration(before), at=version.published_at)
            if version.effective < first:
                yield f"version {version.number} took effect on {version.effective}, {first} was promised"
        before = version


def unaccepted(context: Context, activity: str, people: Collection[int]) -> frozenset[int]:
    """Those of the people whom the activity must leave alone: no acceptance of the newest version is on record, of
    any subject of theirs.
    """
    said, asked = context.declaration.changes, to_accept(controller_id=context.id)
    due = [version.number for version in asked if version.effective <= context.on]
    if said.acceptance != "active" or activity not in said.waits or not due:
        return frozenset()
    known_by, done = same_people(people), set[int]()
    with context.scope(), connection.cursor() as cursor:
        for table in registry.holding("terms_acceptance"):
            cursor.execute(
                f"SELECT subject_id FROM {table.table} WHERE controller_id = %s AND version >= %s"
                " AND subject_id = ANY (%s)",
                [context.id, due[-1], sorted(known_by)],
            )
            done |= {known_by[row[0]] for row in cursor.fetchall()}
    return frozenset(one for one in people if known_by[one] not in done)


def _accepted(context: Context, said: Said) -> Finding:
    """Nobody is processed under an activity that waits for an acceptance that is not on record."""
    faults, people, declared = [], 0, context.declaration.changes
    for activity in declared.waits:
        told = lawful_subjects(controller_id=context.id, activity=activity)
        people += len(told)
        if left := unaccepted(context, activity, told):
            faults.append(f"{activity} reaches {len(left)} people who have not accepted the newest terms")
    return judged(faults, waits=len(declared.waits), people=people)


KIND = Kind("changes", _promised, _check)
ACCEPTANCE = Kind("acceptance", once("acceptance", "changes.acceptance"), _accepted)
