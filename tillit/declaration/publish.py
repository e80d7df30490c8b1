"""An immutable, numbered version of a controller's declaration, and the grants compiled from it (A2, A4).

A version is compared with the one before it: what is material takes effect no sooner than the notice that the standing
version promised. Between publishing and that day the standing version governs (`queries.current_version`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from tillit.audit.events import DECLARATION_PUBLISHED
from tillit.audit.operations import append
from tillit.declaration import queries
from tillit.declaration.checks import check_against_system, load_checked, siblings
from tillit.declaration.difference import diff
from tillit.declaration.difference import material as is_material
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.errors import DeclarationRefusedError, Problem, PublishingError
from tillit.declaration.loader import Source
from tillit.declaration.models import Controller, DeclarationVersion, Register
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope, system

ACTIVITY = "retention"
"""The activity under which a version is published and what is still held is counted: it sees every declared row."""


def digest_of(document: dict[str, Any]) -> str:
    """SHA-256 of a version's document in hex, whatever the order of its keys (the database keeps its own)."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_source(source_text: str) -> str:
    """SHA-256 in hex of the file as it was published, to the letter."""
    return hashlib.sha256(source_text.encode()).hexdigest()


def publish(
    *,
    declaration: Declaration,
    source_text: str,
    at: datetime,
    files: Mapping[str, str] | None = None,
    actor: Actor | None = None,
    recompile: bool = True,
) -> DeclarationVersion:
    """Publish `declaration` and recompile the grants; an identical document is a no-op that returns the standing
    version.

    `files`: the text with those it extends, by name. The caller has run the checks (`publish_file` does).
    `recompile=False` when several are published in a row and `enforce_grants` follows. Raises `PublishingError`:
    `register-moved`, `effective-order`, `notice-too-short`, or `category-still-held` when rows remain of a category
    that the new version no longer declares.
    """
    document: dict[str, Any] = declaration.model_dump(mode="json", by_alias=True)
    digest = digest_of(document)
    with transaction.atomic():
        controller = _controller(declaration)
        latest = controller.versions.order_by("-number").first()
        if latest is not None and latest.digest == digest:
            return latest
        material = latest is not None and _told(controller, latest, declaration, at)
        version = DeclarationVersion.objects.create(
            controller=controller,
            number=1 if latest is None else latest.number + 1,
            published_at=at,
            effective=declaration.effective,
            document=document,
            source_text=source_text,
            files=dict(files or {}),
            digest=digest,
            material=material,
        )
        append(
            type=DECLARATION_PUBLISHED,
            actor=actor or system("publish", {controller.pk}),
            activity=ACTIVITY,
            controller=controller.pk,
            at=at,
            details={
                "version": version.number,
                "material": material,
                "digest": digest,
                "source": digest_of_source(source_text),
            },
        )
        if recompile:
            enforce_grants()
    queries.forget()
    return version


def publish_file(*, path: Path, at: datetime, actor: Actor | None = None, recompile: bool = True) -> DeclarationVersion:
    """Check the file alone, beside the other declarations of its folder and against the running system; publish it.

    Raises `DeclarationRefusedError` with every fault, file and line; `PublishingError` as `publish`.
    """
    return publish_checked(path=path, beside=siblings(path), at=at, actor=actor, recompile=recompile)


def publish_checked(
    *,
    path: Path,
    beside: Sequence[Declaration],
    at: datetime,
    key: str | None = None,
    actor: Actor | None = None,
    recompile: bool = True,
    approved: bool = False,
) -> DeclarationVersion:
    """The same beside the declarations given; `key`: whose it must be; `approved`: by somebody else than who wrote it,
    where the standing version promises that (`drafts`).
    """
    declaration, source = load_checked(path, siblings=beside)
    faults = not_of(declaration, source, key) + check_against_system(declaration, source)
    if not approved and not faults:
        faults = _alone(declaration, source)
    if faults:
        raise DeclarationRefusedError(faults)
    try:
        return publish(
            declaration=declaration,
            source_text=source.texts[path.name],
            files=source.texts,
            at=at,
            actor=actor,
            recompile=recompile,
        )
    except PublishingError as error:
        file, line = source.mark(error.place)
        raise DeclarationRefusedError([Problem(file, line, error.code, error.message)]) from None


def _alone(declaration: Declaration, source: Source) -> list[Problem]:
    """The fault of a change that nobody else has approved, where the standing version promises that somebody does."""
    latest = DeclarationVersion.objects.filter(controller__key=declaration.controller.key).order_by("-number").first()
    if latest is None or latest.digest == digest_of(declaration.model_dump(mode="json", by_alias=True)):
        return []
    if not Declaration.model_validate(latest.document).changes.four_eyes:
        return []
    file, line = source.mark(("changes",))
    message = "somebody else must approve it first (`changes.four_eyes`): publish it as a draft on the staff pages"
    return [Problem(file, line, "draft-alone", message)]


def not_of(declaration: Declaration, source: Source, key: str | None) -> list[Problem]:
    """The fault of a declaration that is not the controller's whose key is given."""
    if key is None or declaration.controller.key == key:
        return []
    file, line = source.mark(("controller", "key"))
    return [Problem(file, line, "other-controller", f"this is to be the declaration of {key}")]


def earliest(*, standing: Declaration, at: datetime) -> date:
    """The first day a material change published at `at` may take effect: the standing version's notice from then."""
    today = clock.local_date(at, standing.controller.time_zone)
    return IsoPeriod.parse(standing.changes.notice).add_to(today)


def _told(controller: Controller, latest: DeclarationVersion, declaration: Declaration, at: datetime) -> bool:
    """Whether the step from the latest version is material; refuses one that comes too soon or leaves rows behind."""
    before = Declaration.model_validate(latest.document)
    if declaration.effective < latest.effective:
        message = f"takes effect before version {latest.number} did ({latest.effective})"
        raise PublishingError("effective-order", message, ("effective",))
    _nothing_left(controller, sorted(before.category_keys() - declaration.category_keys()))
    if not is_material(diff(before, declaration)):
        return False
    first = earliest(standing=before, at=at)
    if declaration.effective < first:
        message = f"a material change takes effect at the earliest on {first}, {before.changes.notice} from now"
        raise PublishingError("notice-too-short", message, ("effective",))
    return True


def _nothing_left(controller: Controller, dropped: Sequence[str]) -> None:
    """Refuse while the controller still holds rows of a category it is about to stop declaring (A2)."""
    if not dropped:
        return
    with Scope(system("publish", {controller.pk}), ACTIVITY):
        left = {category: queries.held_rows(controller_id=controller.pk, category=category) for category in dropped}
    for category, tables in left.items():
        if tables:
            counted = ", ".join(f"{rows} in {table}" for table, rows in tables.items())
            message = f"'{category}' is no longer declared, but rows of it are held: {counted}"
            raise PublishingError("category-still-held", message, ("categories",))


def _controller(declaration: Declaration) -> Controller:
    """The controller's row, made or brought up to date from the declaration, locked until the transaction ends."""
    said = declaration.controller
    register, _ = Register.objects.get_or_create(key=said.arrangement.register_key)
    standing = Controller.objects.select_for_update().filter(key=said.key).first()
    if standing is not None and standing.register_id != register.pk:
        message = "a controller never changes register: its people belong to the one they were registered in"
        raise PublishingError("register-moved", message, ("controller", "arrangement", "register"))
    controller, _ = Controller.objects.update_or_create(
        key=said.key, defaults={"register": register, **facts_of(declaration)}
    )
    return controller


def facts_of(declaration: Declaration) -> dict[str, Any]:
    """The columns of the controller's row that repeat what its latest version says."""
    said = declaration.controller
    return {
        "name": said.name,
        "organisation_number": said.organisation_number,
        "arrangement": said.arrangement.kind,
        "holder": said.arrangement.kind == "joint" and said.arrangement.holder == said.key,
        "currency": said.currency,
    }
