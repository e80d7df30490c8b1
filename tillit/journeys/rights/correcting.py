"""Correcting facts on request (H2): each kind in its own form, wherever a controller of the register holds it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.cases.models import Case
from tillit.cases.rights import CORRECTABLE
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys import person_facts
from tillit.journeys.rights.errors import RequestError
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.models import Fact, SealedFact


def correct(
    *, scope: Scope, case: Case, corrections: Mapping[str, str], source: str, at: datetime
) -> tuple[list[dict[str, Any]], set[str]]:
    """Correct each fact; (items, categories that changed). What was stays as history until its own time is up (A7).

    Raises `RequestError`: `cannot-correct` for a kind that is not to be corrected here, `value` for one that cannot be
    read, `taken` for an address or number that is another person's.
    """
    items: list[dict[str, Any]] = []
    changed: set[str] = set()
    for kind, text in corrections.items():
        if kind not in CORRECTABLE:
            raise RequestError("cannot-correct", f"{kind} is not corrected in this way")
        try:
            done = [_one(scope, case, one, kind, text, source, at) for one in _holders(case, kind)]
        except AlreadyClaimedError:
            raise RequestError("taken", f"{kind}: another person has it") from None
        except (IdentifierError, ValueError):
            raise RequestError("value", f"{kind} cannot be read") from None
        items.append({"what": "corrected" if any(done) else "unchanged", "kind": kind})
        if any(done):
            changed.add(CORRECTABLE[kind])
    return items, changed


def _holders(case: Case, kind: str) -> list[int]:
    """The controllers that hold the fact; where none does, the one that holds such facts in the register."""
    model = SealedFact if kind in person_facts.SEALED else Fact
    rows = model.objects.filter(subject_id=case.subject_id, kind=kind, superseded_at__isnull=True)
    return sorted(set(rows.values_list("controller_id", flat=True))) or [holder_of(controller_id=case.controller_id)]


def _one(scope: Scope, case: Case, controller_id: int, kind: str, text: str, source: str, at: datetime) -> bool:
    """Record the fact at one controller; whether it was another before."""
    where: dict[str, Any] = {"scope": scope, "subject_id": case.subject_id, "controller_id": controller_id}
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    changed = person_facts.keep(**where, register_id=register, kind=kind, text=text, source=source, at=at)
    if changed:
        append(
            type=PERSON_CORRECTED,
            scope=scope,
            controller=controller_id,
            subject=case.subject_id,
            details={"case": case.id, "category": CORRECTABLE[kind], "kind": kind, "source": source},
        )
    return changed
