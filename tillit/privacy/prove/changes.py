"""Material changes are told beforehand (A4): the notice promised was given, and everybody concerned has a message."""

from collections.abc import Iterator
from datetime import timedelta

from tillit.declaration.models import DeclarationVersion
from tillit.declaration.publish import earliest
from tillit.declaration.queries import version_declaration
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.privacy.changes import ACTIVITY, coming, untold
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, texts

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


KIND = Kind("changes", _promised, _check)
