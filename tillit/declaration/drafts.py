"""Drafts: the next version of a declaration as text, saved by whoever writes it, checked, approved, published (A2, A4).

Every text that was saved stays (`DraftRevision`). Two may write at once: a save says which revision it was read from,
and one that would put aside what somebody else has saved of the same file is refused with theirs to look at. Checking
and publishing are what `tillit declare` does. Where the standing version says `changes.four_eyes`, nobody publishes a
text that they wrote and nobody else has approved.
"""

import difflib
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import yaml
from django.db import IntegrityError, transaction

from tillit.audit.events import DRAFT_APPROVED, DRAFT_BEGUN, DRAFT_DISCARDED, DRAFT_SAVED
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration import queries
from tillit.declaration.checks import check, check_against_system, notices, system_notices
from tillit.declaration.difference import Change, diff
from tillit.declaration.errors import DeclarationRefusedError, DraftConflictError, DraftError, Problem
from tillit.declaration.loader import LARGEST, load
from tillit.declaration.models import Controller, DeclarationVersion, Draft, DraftRevision
from tillit.declaration.publish import ACTIVITY, not_of, publish_checked
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Actor

EDITORS = frozenset({"privacy_adviser"})
"""Roles whose members write, approve and publish drafts; the caller asks."""

_EXTENDS = "extends:"


@dataclass(frozen=True)
class Checked:
    """What a check of a draft found: the declaration (None when it cannot be read), faults that refuse it, what is odd
    but not wrong, and the differences to the standing version.
    """

    declaration: Declaration | None
    faults: tuple[Problem, ...]
    odd: tuple[Problem, ...] = ()
    changes: tuple[Change, ...] = ()


def open_draft(*, controller_id: int) -> Draft | None:
    """The draft that is being written, if any."""
    return Draft.objects.filter(controller_id=controller_id, ended_at=None).select_related("based_on").first()


def texts(draft: Draft, *, revision: int | None = None) -> dict[str, str]:
    """File name → text of the latest revision, or of one. The file that is published comes first."""
    found = draft.revisions.get(number=revision or draft.revision).files
    return {draft.main: found[draft.main], **{name: found[name] for name in sorted(found) if name != draft.main}}


def begin(*, controller: Controller, actor: Actor, at: datetime) -> Draft:
    """A draft with the text of the latest version, or the one that is open already."""
    version = controller.versions.order_by("-number").first()
    if version is None:
        raise DraftError("draft-nothing", "there is no version to begin from")
    main, files = _files_of(version)
    try:
        with transaction.atomic():
            draft = Draft.objects.create(controller=controller, based_on=version, main=main, begun_at=at)
            DraftRevision.objects.create(draft=draft, number=1, files=files, staff_id=int(actor.ref), saved_at=at)
            _record(DRAFT_BEGUN, draft, actor)
    except IntegrityError:
        found = open_draft(controller_id=controller.pk)
        if found is None:
            raise
        return found
    return draft


def save(*, draft_id: int, file: str, text: str, seen: int, actor: Actor, at: datetime) -> Draft:
    """Save a file of the draft as a new revision; the same text again changes nothing.

    seen: the revision it was read from. Raises `DraftConflictError` when somebody has saved that file since,
    `DraftError` (`draft-ended`, `draft-file`, `draft-large`).
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode()) > LARGEST:
        raise DraftError("draft-large", f"more than {LARGEST} bytes")
    with transaction.atomic():
        draft = _locked(draft_id)
        files = texts(draft)
        if file not in files:
            raise DraftError("draft-file", "the draft has no such file")
        if files[file] == text:
            return draft
        if draft.revision != seen and _text_at(draft, seen, file) != files[file]:
            raise DraftConflictError(draft.revision)
        draft.revision += 1
        DraftRevision.objects.create(
            draft=draft, number=draft.revision, files={**files, file: text}, staff_id=int(actor.ref), saved_at=at
        )
        draft.save(update_fields=["revision"])
        _record(DRAFT_SAVED, draft, actor)
    return draft


def inspect(*, draft: Draft, changed: Mapping[str, str] | None = None) -> Checked:
    """Check the draft, with files changed but not saved: alone, beside the other controllers, against the system.

    A material change that takes effect sooner than the notice promised is found when it is published.
    """
    with _written({**texts(draft), **(changed or {})}) as folder:
        path = folder / draft.main
        try:
            declaration, source = load(path)
        except DeclarationRefusedError as refused:
            return Checked(None, _named(refused.problems))
        beside = _beside(draft.controller)
        faults = not_of(declaration, source, draft.controller.key) + check(declaration, source, siblings=beside)
        faults = faults or check_against_system(declaration, source)
        odd = notices(declaration, source, siblings=beside) + system_notices(declaration, source)
    standing = latest_declaration(draft.controller)
    return Checked(declaration, _named(faults), () if faults else _named(odd), tuple(diff(standing, declaration)))


def approve(*, draft_id: int, seen: int, actor: Actor) -> Draft:
    """Approve the text of a revision. Raises `DraftError`: `draft-own` (who wrote it), `draft-moved`."""
    with transaction.atomic():
        draft = _locked(draft_id)
        if draft.revision != seen:
            raise DraftError("draft-moved", "the text has changed since you read it")
        if int(actor.ref) in writers(draft):
            raise DraftError("draft-own", "nobody approves what they wrote themselves")
        draft.approved_revision, draft.approved_by = draft.revision, int(actor.ref)
        draft.save(update_fields=["approved_revision", "approved_by"])
        _record(DRAFT_APPROVED, draft, actor)
    return draft


def publish_draft(
    *, draft_id: int, seen: int, editors: Collection[int], actor: Actor, at: datetime
) -> DeclarationVersion:
    """Publish the text of a revision and end the draft.

    editors: the staff who hold one of `EDITORS` there now; an approval counts while its giver is one of them.
    Raises `DeclarationRefusedError` with every fault; `DraftError`: `draft-ended`, `draft-moved`, `draft-same` (it says
    what is published already),
    `draft-alone` (nobody else has approved it), `draft-approver` (who did holds the role no more),
    `draft-behind` (a version was published
    since it was begun).
    """
    with transaction.atomic():
        draft = _locked(draft_id)
        if draft.revision != seen:
            raise DraftError("draft-moved", "the text has changed since you read it")
        newest = draft.controller.versions.order_by("-number").first()
        if newest is None or newest.pk != draft.based_on_id:
            raise DraftError("draft-behind", "another version was published since the draft was begun")
        if needs_approval(draft) and draft.approved_revision != draft.revision:
            raise DraftError("draft-alone", "somebody else must approve the text first")
        if needs_approval(draft) and draft.approved_by not in editors:
            raise DraftError("draft-approver", "who approved the text holds the role no more")
        with _written(texts(draft)) as folder:
            try:
                version = publish_checked(
                    path=folder / draft.main,
                    key=draft.controller.key,
                    beside=_beside(draft.controller),
                    at=at,
                    actor=actor,
                    approved=True,
                )
            except DeclarationRefusedError as refused:
                raise DeclarationRefusedError(_named(refused.problems)) from None
        if version.pk == newest.pk:
            raise DraftError("draft-same", "that is what is published already")
        draft.published, draft.ended_at = version, at
        draft.save(update_fields=["published", "ended_at"])
    return version


def discard(*, draft_id: int, seen: int, actor: Actor, at: datetime) -> Draft:
    """End the draft without publishing; its texts stay to be read. Raises `DraftError`."""
    with transaction.atomic():
        draft = _locked(draft_id)
        if draft.revision != seen:
            raise DraftError("draft-moved", "the text has changed since you read it")
        draft.ended_at = at
        draft.save(update_fields=["ended_at"])
        _record(DRAFT_DISCARDED, draft, actor)
    return draft


def needs_approval(draft: Draft) -> bool:
    """Whether the standing version says that somebody else approves (the draft itself cannot lift that)."""
    return latest_declaration(draft.controller).changes.four_eyes


def writers(draft: Draft) -> set[int]:
    """Who wrote any of the draft (the first revision is the published text)."""
    return set(draft.revisions.filter(number__gt=1).values_list("staff_id", flat=True))


def latest_declaration(controller: Controller) -> Declaration:
    """The latest published version, in force or to come."""
    version = controller.versions.order_by("-number").first()
    if version is None:
        raise DraftError("draft-nothing", "there is no version to compare with")
    return queries.version_declaration(version)


def compared(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The lines that differ between two sets of texts, as a unified difference."""
    found: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        found += difflib.unified_diff(old, new, name, name, lineterm="", n=2)
    return found


def _files_of(version: DeclarationVersion) -> tuple[str, dict[str, str]]:
    """The files to begin from: as published, or, where only the merged version is known, that as one text."""
    name = f"{version.controller.key}.yaml"
    if version.files:
        main = (
            name
            if name in version.files
            else next(one for one in version.files if version.files[one] == version.source_text)
        )
        return main, dict(version.files)
    if not any(line.startswith(_EXTENDS) for line in version.source_text.splitlines()):
        return name, {name: version.source_text}
    return name, {name: yaml.safe_dump(version.document, allow_unicode=True, sort_keys=False, width=110)}


def _text_at(draft: Draft, revision: int, file: str) -> str | None:
    found = draft.revisions.filter(number=revision).first()
    return None if found is None else found.files.get(file)


def _locked(draft_id: int) -> Draft:
    draft = Draft.objects.select_for_update().filter(pk=draft_id, ended_at=None).first()
    if draft is None:
        raise DraftError("draft-ended", "that draft was published or discarded")
    return draft


def _beside(controller: Controller) -> list[Declaration]:
    return [
        declaration
        for other, (_, declaration) in queries.all_current(on=clock.today()).items()
        if other != controller.pk
    ]


@contextmanager
def _written(files: Mapping[str, str]) -> Iterator[Path]:
    """The files in a folder of their own, which the checks read."""
    with tempfile.TemporaryDirectory(prefix="draft-") as made:
        folder = Path(made)
        for name, text in files.items():
            (folder / Path(name).name).write_text(text, encoding="utf-8")
        yield folder


def _named(problems: Iterator[Problem] | list[Problem]) -> tuple[Problem, ...]:
    """The faults by the names of the files, without the folder they were written to."""
    return tuple(replace(problem, file=Path(problem.file).name) for problem in problems)


def _record(event: EventType, draft: Draft, actor: Actor) -> None:
    append(
        type=event,
        actor=actor,
        activity=ACTIVITY,
        controller=draft.controller_id,
        details={"draft": draft.pk, "revision": draft.revision},
    )
