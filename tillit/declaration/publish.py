"""An immutable, numbered version of a controller's declaration, and the grants compiled from it (A2, A4)."""

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction

from tillit.declaration.enforce import enforce_grants
from tillit.declaration.models import Controller, DeclarationVersion, Register
from tillit.declaration.schema import Declaration


def _controller(declaration: Declaration) -> Controller:
    """The controller's row, made or brought up to date from the declaration."""
    said = declaration.controller
    register, _ = Register.objects.get_or_create(key=said.arrangement.register_key)
    controller, _ = Controller.objects.update_or_create(
        key=said.key,
        defaults={
            "register": register,
            "name": said.name,
            "organisation_number": said.organisation_number,
            "arrangement": said.arrangement.kind,
            "holder": said.arrangement.kind == "joint" and said.arrangement.holder == said.key,
            "currency": said.currency,
        },
    )
    return controller


def publish(
    *, declaration: Declaration, source_text: str, at: datetime, material: bool = True, recompile: bool = True
) -> DeclarationVersion:
    """Publish `declaration` and recompile the grants; an identical document is a no-op that returns the standing
    version.

    The caller has run the checks. `recompile=False` when several are published in a row and `enforce_grants` follows.
    """
    document: dict[str, Any] = declaration.model_dump(mode="json", by_alias=True)
    digest = hashlib.sha256(declaration.model_dump_json(by_alias=True).encode()).hexdigest()
    with transaction.atomic():
        controller = _controller(declaration)
        latest = controller.versions.order_by("-number").first()
        if latest is not None and latest.digest == digest:
            return latest
        version = DeclarationVersion.objects.create(
            controller=controller,
            number=1 if latest is None else latest.number + 1,
            published_at=at,
            effective=declaration.effective,
            document=document,
            source_text=source_text,
            digest=digest,
            material=material,
        )
        if recompile:
            enforce_grants()
    return version
