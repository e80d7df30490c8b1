"""Correcting facts on request (H2): each kind in its own form, wherever a controller of the register holds it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.cases.models import Case
from tillit.cases.rights import CORRECTABLE
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys.rights.errors import RequestError
from tillit.kernel.identifiers import account_number, name, national_number
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope
from tillit.parties import directories
from tillit.parties.contacts import record_address
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.models import Fact, SealedFact
from tillit.parties.operations import open_fact, record_fact, seal_fact

_GENDERS = ("female", "male", "other")
_SEALED: dict[str, Callable[[str], str]] = {
    "national_number": national_number.normalise,
    "bank_account": account_number.normalise,
}


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
    model = SealedFact if kind in _SEALED else Fact
    rows = model.objects.filter(subject_id=case.subject_id, kind=kind, superseded_at__isnull=True)
    return sorted(set(rows.values_list("controller_id", flat=True))) or [holder_of(controller_id=case.controller_id)]


def _one(scope: Scope, case: Case, controller_id: int, kind: str, text: str, source: str, at: datetime) -> bool:
    """Record the fact at one controller; whether it was another before."""
    where: dict[str, Any] = {"scope": scope, "subject_id": case.subject_id, "controller_id": controller_id}
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    before = Fact.objects.filter(
        subject_id=case.subject_id, controller_id=controller_id, kind=kind, superseded_at__isnull=True
    ).first()
    if kind in _SEALED:
        changed = _seal(where, register, kind, _SEALED[kind](text), source, at)
    elif kind in ("email", "phone"):
        fact = record_address(**where, register_id=register, kind=kind, text=text, source=source, at=at)
        changed = before is None or before.value != fact.value
    else:
        value, category = _normal(kind, text), CORRECTABLE[kind]
        changed = before is None or before.value != value
        record_fact(**where, category=category, kind=kind, value=value, source=source, at=at)
    if changed:
        append(
            type=PERSON_CORRECTED,
            scope=scope,
            controller=controller_id,
            subject=case.subject_id,
            details={"case": case.id, "category": CORRECTABLE[kind], "kind": kind, "source": source},
        )
    return changed


def _seal(where: dict[str, Any], register: int, kind: str, value: str, source: str, at: datetime) -> bool:
    standing = SealedFact.objects.filter(
        subject_id=where["subject_id"], controller_id=where["controller_id"], kind=kind, superseded_at__isnull=True
    ).first()
    old = open_fact(scope=where["scope"], fact=standing) if standing else None
    if old == value:
        return False
    if kind == "national_number":
        found = {"register_id": register, "kind": Kind.NATIONAL_NUMBER, "subject_id": where["subject_id"]}
        known = digest(register, Kind.NATIONAL_NUMBER, value)
        directories.claim(**found, digest=known)
        if old:
            directories.move(**found, before=digest(register, Kind.NATIONAL_NUMBER, old), after=known)
    seal_fact(**where, category=CORRECTABLE[kind], kind=kind, value=value, source=source, at=at)
    return True


def _normal(kind: str, text: str) -> str:
    """The value as it is kept. Raises `ValueError`."""
    value = " ".join(text.split())
    if kind.startswith("name."):
        return name.normalise(value)
    if kind == "birth_date":
        return date.fromisoformat(value).isoformat()
    if kind == "gender" and value not in _GENDERS:
        raise ValueError(kind)
    if kind == "address.postal_code" and not (value.isascii() and value.replace("-", "").replace(" ", "").isalnum()):
        raise ValueError(kind)
    if not value or len(value) > 200 or not value.isprintable():
        raise ValueError(kind)
    return value
