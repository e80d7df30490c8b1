"""Versions that somebody else than who wrote them was to approve (`changes.four_eyes`), for the proof (A4)."""

from collections.abc import Iterator
from datetime import date

from tillit.audit.events import DRAFT_APPROVED
from tillit.audit.models import Event
from tillit.declaration.models import Draft
from tillit.declaration.queries import version_declaration, versions


def missing(controller_id: int, on: date) -> Iterator[str]:
    """Versions after one that promised it, whose text nobody but its writers approved, on the draft and on record."""
    before = None
    for version in versions(controller_id=controller_id):
        promised = before is not None and version_declaration(before).changes.four_eyes
        if promised and not _approved(Draft.objects.filter(published=version).first()):
            yield f"version {version.number} was published and nobody but who wrote it has approved it"
        before = version


def _approved(draft: Draft | None) -> bool:
    if draft is None or draft.approved_by is None or draft.approved_revision != draft.revision:
        return False
    if draft.revisions.filter(number__gt=1, staff_id=draft.approved_by).exists():
        return False
    said = Event.objects.filter(controller_id=draft.controller_id, type=DRAFT_APPROVED.key)
    said = said.filter(actor_kind="staff", actor_ref=str(draft.approved_by))
    return said.filter(details__draft=draft.pk, details__revision=draft.revision).exists()
