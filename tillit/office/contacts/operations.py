"""Registering, correcting and ending contacts at suppliers and partners (H16). In a scope of theirs."""

from collections.abc import Mapping
from typing import Any

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope
from tillit.messages.telling import tell
from tillit.office.contacts import events
from tillit.office.contacts.errors import ContactError
from tillit.parties import operations as parties
from tillit.parties.models import Relationship

ACTIVITY, CATEGORY = "supplier_contact", "business_contact"
KINDS = ("supplier_contact", "partner_contact")
COMPANY, WORK = "business.company", "business.work"
LONGEST = 120


def keep(*, scope: Scope, controller: Controller, typed: Mapping[str, str]) -> int:
    """Register a contact (`kind`, `name`, `company`, `work`, `email`, `phone`), who is told; their subject.

    Raises `ContactError`.
    """
    activity = current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY)
    if activity is None:
        raise ContactError("undeclared", "no contacts are kept here")
    kind = typed.get("kind", "")
    if kind not in KINDS or kind not in activity.applies_to:
        raise ContactError("kind", "a contact is at a supplier or a partner")
    facts, at = _facts(typed), clock.now()
    subject = parties.create_subject(scope=scope, register_id=controller.register_id)
    where: dict[str, Any] = {"subject_id": subject, "controller_id": controller.pk}
    parties.relate(scope=scope, **where, kind=kind, started=clock.local_date(at))
    parties.record_facts(scope=scope, **where, facts=facts, source="employer", at=at)
    append(type=events.KEPT, scope=scope, controller=controller.pk, subject=subject, details={"kind": kind})
    values = {"company": " ".join(typed["company"].split())}
    tell(scope=scope, **where, template="contact_kept", values=values, key=f"contact:{subject}", channels=["email"])
    return subject


def change(*, scope: Scope, controller: Controller, subject_id: int, typed: Mapping[str, str]) -> None:
    """Correct what is kept of a contact; what was kept before is history no longer than declared. Raises
    `ContactError`.
    """
    where = {"subject_id": subject_id, "controller_id": controller.pk}
    facts, at, tie = _facts(typed), clock.now(), _open(controller, subject_id)
    parties.record_facts(scope=scope, **where, facts=facts, source="employer", at=at)
    if not typed.get("work", "").strip():
        parties.retire_fact(scope=scope, **where, kind=WORK, at=at)
    if not typed.get("phone", "").strip():
        parties.retire_fact(scope=scope, **where, kind="phone", at=at)
    append(type=events.KEPT, scope=scope, controller=controller.pk, subject=subject_id, details={"kind": tie.kind})


def end(*, scope: Scope, controller: Controller, subject_id: int) -> None:
    """The person is no contact any more: the declared period runs from today. Raises `ContactError` `over`."""
    tie = _open(controller, subject_id)
    parties.end_relationship(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller.pk,
        kind=tie.kind,
        ended=max(clock.today(), tie.started),
        reason="contact_over",
    )
    append(type=events.ENDED, scope=scope, controller=controller.pk, subject=subject_id, details={"kind": tie.kind})


def _open(controller: Controller, subject_id: int) -> Relationship:
    found = Relationship.objects.filter(
        subject_id=subject_id, controller_id=controller.pk, kind__in=KINDS, ended__isnull=True
    ).first()
    if found is None:
        raise ContactError("over", "that is no contact of ours")
    return found


def _facts(typed: Mapping[str, str]) -> list[parties.NewFact]:
    try:
        given, _, family = names.normalise(typed.get("name", "")).rpartition(" ")
    except IdentifierError:
        raise ContactError("name", "a name is missing") from None
    said = {"name.given": given or family, "name.family": family if given else ""}
    for key, kind in (("company", COMPANY), ("work", WORK)):
        said[kind] = " ".join(typed.get(key, "").split())
        if len(said[kind]) > LONGEST or (key == "company" and not said[kind]):
            raise ContactError("company", "where do they work?")
    try:
        said["email"] = emails.normalise(typed.get("email", ""))
    except IdentifierError:
        raise ContactError("email", "that is no e-mail address") from None
    if typed.get("phone", "").strip():
        try:
            said["phone"] = phones.normalise(typed["phone"])
        except IdentifierError:
            raise ContactError("phone", "that is no phone number") from None
    return [parties.NewFact(CATEGORY, kind, value) for kind, value in said.items() if value]
