"""Data goes with the person from one controller to another, between two installations (H6, GDPR 20(2)).

    receiver: invite()             the person, known there, gets an invitation: a file that says nothing about them
    sender:   prepare(), send()    the person sees what travels and to whom, and says yes; a sealed package leaves
    receiver: arrived(), accept()  staff compare fingerprints; the person sees what would be taken in, and says yes

Only data collected on consent or a contract leaves; only what the receiver collects on one of them, and may of this
person now, is taken in, with `previous_controller` as its source. E-mail addresses and phone numbers are not: they are
ways in, and are verified where they are used.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from tillit.audit.operations import append
from tillit.consent.queries import may
from tillit.declaration import registry
from tillit.declaration.countries import in_eea
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.disclosure.operations import Asked, hand_over
from tillit.journeys.events import PERSON_BROUGHT_IN
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.identifiers import name as names
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.models import Fact
from tillit.parties.operations import NewFact, record_facts
from tillit.parties.queries import facts, related_controllers
from tillit.privacy import envelope, portable
from tillit.privacy.errors import PackageError
from tillit.privacy.portable import Invitation, Package

SOURCE = "previous_controller"
ACTIVITY = "rights_requests"
LASTS = timedelta(days=30)
_VERIFIED_HERE = frozenset({"email", "phone"})
_KIND = re.compile(r"^[a-z][a-z0-9_.]{0,39}$")
_LONGEST = 500
Outcome = Literal["new", "changes", "same", "not_taken"]


@dataclass(frozen=True)
class Proposal:
    """What would become of one fact of a package. before: what is held now; activity: under which it would be taken in.

    because, of what is not taken: `verified_here`, `not_collected` (no activity here collects it on consent or a
    contract), `not_allowed` (not of this person, now), `unreadable`.
    """

    category: str
    kind: str
    value: str
    outcome: Outcome
    before: str = ""
    activity: str = ""
    because: str = ""


@dataclass(frozen=True)
class Arrival:
    """A package that came in: whose it is here, who says to have sent it, and what would be taken in."""

    package: Package
    subject_id: int
    controller: Controller
    fingerprint: str
    proposals: tuple[Proposal, ...]


def invite(*, actor: Actor, controller: Controller, subject_id: int) -> bytes:
    """An invitation for the person to hand to another controller, good for thirty days. JSON.

    Raises `PackageError` `no-invitation` for somebody whom the controller does not know.
    """
    with Scope(actor, ACTIVITY, subjects=frozenset({subject_id})):
        if controller.pk not in related_controllers(subject_id=subject_id):
            raise PackageError("no-invitation", "the person has no relationship with that controller")
    until = (clock.now() + LASTS).isoformat()
    made = Invitation(
        receiver=portable.party(current(controller_id=controller.pk, on=clock.today())),
        seal_for=envelope.sealing_key(),
        ticket=envelope.ticket({"subject": subject_id, "controller": controller.pk, "until": until}),
        expires_at=until,
        key=envelope.signing_key(),
        signature="",
    )
    return made.model_copy(update={"signature": envelope.sign(made.model_dump())}).model_dump_json(indent=1).encode()


def prepare(
    *, actor: Actor, controller: Controller, subject_id: int, invitation: bytes, language: str
) -> tuple[Invitation, Package]:
    """Whom the invitation is from, and the package that would go there, to be shown before anything leaves.

    Raises `PackageError` `invitation-expired`, `outside-eea` and those of reading it.
    """
    found = portable.invitation_of(invitation)
    if datetime.fromisoformat(found.expires_at) < clock.now():
        raise PackageError("invitation-expired", "ask the receiver for a new one")
    if not in_eea(found.receiver.country):
        raise PackageError(
            "outside-eea", f"no transfer to {found.receiver.country} is declared: take the files instead"
        )
    package = portable.package(
        actor=actor, subject_id=subject_id, controller_id=controller.pk, language=language, invitation=found
    )
    return found, package


def send(*, actor: Actor, controller: Controller, invitation: Invitation, package: Package, subject_id: int) -> bytes:
    """The sealed package; what leaves is on record as the person's own choice. For when the person has said yes."""
    body = package.model_dump_json().encode()
    wording = sha256(envelope.canonical(invitation.model_dump())).hexdigest()
    at = clock.now()
    with Scope(actor, ACTIVITY, subjects=frozenset({subject_id})) as scope:
        sent = hand_over(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            party=portable.number(invitation.receiver),
            country=invitation.receiver.country,
            payload={part.category: part.rows for part in package.data},
            asked=Asked(at, "portability", wording),
            at=at,
        )
        assert set(sent.payload) == {part.category for part in package.data}  # noqa: S101 (what is on record leaves)
        return envelope.seal(body, key=invitation.seal_for)


def arrived(message: bytes) -> Arrival:
    """Open a package that was sealed for this installation and belongs to an invitation of its own.

    Raises `PackageError`: `not-for-us`, `package-unreadable`, `not-signed`, `no-invitation`, `invitation-expired`.
    """
    package = portable.package_of(envelope.open_sealed(message))
    ticket = envelope.read_ticket(package.ticket)
    if datetime.fromisoformat(ticket["until"]) < clock.now():
        raise PackageError("invitation-expired", "the invitation was good for thirty days")
    controller = Controller.objects.get(pk=ticket["controller"])
    return Arrival(
        package,
        ticket["subject"],
        controller,
        envelope.fingerprint(package.key),
        tuple(_proposals(package, ticket["subject"], controller)),
    )


def accept(*, actor: Actor, arrival: Arrival, fingerprint: str) -> int:
    """Take in what is new or changes, as the person confirmed it; how many facts. `fingerprint`: the sender's, as the
    sender told it to the receiver's staff. Again, it changes nothing.

    Raises `PackageError` `unknown-sender` when another key signed.
    """
    if fingerprint.replace(" ", "").lower() != arrival.fingerprint.replace(" ", ""):
        raise PackageError("unknown-sender", "the fingerprint is not the one the sender stated")
    holder, subject, taken = holder_of(controller_id=arrival.controller.pk), arrival.subject_id, 0
    for activity, chosen in _by_activity(arrival.proposals):
        acting = system("transfer", {arrival.controller.pk, holder})
        with Scope(acting, activity, subjects=frozenset({subject})) as scope:
            record_facts(
                scope=scope,
                subject_id=subject,
                controller_id=holder,
                facts=[NewFact(one.category, one.kind, one.value) for one in chosen],
                source=SOURCE,
                at=clock.now(),
            )
        taken += len(chosen)
    with Scope(actor, ACTIVITY, subjects=frozenset({subject})) as scope:
        append(
            type=PERSON_BROUGHT_IN,
            scope=scope,
            controller=arrival.controller.pk,
            subject=subject,
            details={"sender": sha256(envelope.raw(arrival.package.key)).hexdigest(), "rows": taken},
        )
    return taken


def _by_activity(proposals: Iterable[Proposal]) -> list[tuple[str, list[Proposal]]]:
    found: dict[str, list[Proposal]] = {}
    for one in proposals:
        if one.outcome in {"new", "changes"}:
            found.setdefault(one.activity, []).append(one)
    return list(found.items())


def _proposals(package: Package, subject_id: int, controller: Controller) -> Iterable[Proposal]:
    declared = current(controller_id=controller.pk, on=clock.today())
    holder = holder_of(controller_id=controller.pk)
    with Scope(system("transfer", {controller.pk, holder}), ACTIVITY, subjects=frozenset({subject_id})):
        held = facts(subject_id=subject_id)
    for one in package.facts:
        value, because = _readable(one.kind, one.value, one.category)
        activity = "" if because else _activity(declared, controller, subject_id, one.category)
        if not because and activity in _REFUSED:
            because, activity = activity, ""
        before = held.get(one.kind, "")
        outcome: Outcome = "new" if not before else "same" if before == value else "changes"
        yield Proposal(one.category, one.kind, value, "not_taken" if because else outcome, before, activity, because)


_REFUSED = ("not_collected", "not_allowed")


def _readable(kind: str, value: str, category: str) -> tuple[str, str]:
    """The value as it is kept here, or why it cannot be."""
    if kind in _VERIFIED_HERE:
        return value, "verified_here"
    if category not in registry.PERSONAL[Fact._meta.db_table].categories:
        return value, "not_collected"
    if not _KIND.match(kind) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        return value, "unreadable"
    if kind.startswith("name."):
        try:
            return names.normalise(value), ""
        except TillitError:
            return value, "unreadable"
    return value, ""


def _activity(declared: Declaration, controller: Controller, subject_id: int, category: str) -> str:
    """The activity under which the receiver may collect it of this person now; else the reason why not."""
    uses = [a for a in declared.activities if category in a.records]
    uses = [a for a in uses if {basis.ground for basis in a.basis} & portable.PORTABLE]
    for activity in uses:
        if may(controller_id=controller.pk, activity=activity.key, subject_id=subject_id):
            return activity.key
    return _REFUSED[1] if uses else _REFUSED[0]
