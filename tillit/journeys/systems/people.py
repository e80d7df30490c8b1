"""What a system may know of people and change, through `disclosure` and for its declared activity (H13, B5)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.cases.rights import CORRECTABLE
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.models import What
from tillit.disclosure.operations import Disclosed, disclose, disclose_many
from tillit.disclosure.rules import permit
from tillit.journeys import person_facts
from tillit.journeys.rights.texts import say
from tillit.journeys.systems.errors import SystemRefusedError
from tillit.journeys.systems.reach import System, declared
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope
from tillit.messages.mail import send_unstored
from tillit.parties import dead
from tillit.parties.errors import ProtectedAddressError
from tillit.parties.models import Fact, Relationship
from tillit.parties.operations import lock_subject

PARTS: Mapping[str, tuple[str, ...]] = {
    "name": ("name.given", "name.middle", "name.family"),
    "customer_number": ("customer_number",),
    "member_number": ("member_number",),
    "birth_date": ("birth_date",),
    "gender": ("gender",),
    "address": ("address.street",),
    "postal_place": ("address.postal_code", "address.city"),
    "email": ("email",),
    "phone": ("phone",),
}
"""Field → the kinds of fact it is made of. `relationship` stands beside them: since when, as what."""
READABLE = (*PARTS, "relationship")
WAYS_IN = ("email", "phone")
"""What a person signs in with: a system may state it where none is known, and change it never."""
CHANGEABLE = tuple(kind for kind in CORRECTABLE if kind not in person_facts.SEALED)


@dataclass(frozen=True)
class Told:
    """A person as the system may know them, and which fields it asked for that are not its to have."""

    subject: int
    fields: Mapping[str, Any]
    withheld: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Some of the controller's people; after: whom to go on after, None when there are no more."""

    people: list[Told]
    after: int | None


def allowed(system: System) -> tuple[str, ...]:
    """The fields that the declaration lets the system have, in their order. Raises `SystemRefusedError`."""
    declared(system)
    today = clock.today()
    said = current(controller_id=system.controller.pk, on=today)
    found = []
    for field in READABLE:
        try:
            given = permit(
                declaration=said, activity=system.activity, recipient=system.party, fields=(field,), on=today
            )
        except DisclosureRefusedError:
            continue
        found += list(given.fields)
    if not found:
        raise SystemRefusedError("system-undeclared", "the declaration lets the system have nothing of people")
    return tuple(found)


def _wanted(system: System, fields: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what will be told, what was asked for and will not be)."""
    known = allowed(system)
    if not fields:
        return known, ()
    if not set(fields) <= set(READABLE):
        raise SystemRefusedError("field-undeclared", f"there are {', '.join(READABLE)}")
    told = tuple(one for one in known if one in fields)
    if not told:
        raise SystemRefusedError("field-undeclared", "the declaration lets the system have none of these")
    return told, tuple(one for one in READABLE if one in fields and one not in known)


def tell(*, system: System, subject_id: int, fields: Collection[str] = ()) -> Told:
    """One person, as far as declared; on record as a disclosure. Raises `SystemRefusedError`: `field-undeclared`,
    `person-unknown` where nothing may be told now (restricted, objected).
    """
    told, withheld = _wanted(system, fields)
    with Scope(system.actor(system.activity), system.activity, frozenset({subject_id})) as scope:
        values = _values(system, {subject_id}, told)[subject_id]
        try:
            sent = disclose(
                scope=scope,
                subject_id=subject_id,
                controller_id=system.controller.pk,
                recipient=system.party,
                fields=values,
                at=clock.now(),
                any_channel=True,
            )
        except DisclosureRefusedError:
            raise SystemRefusedError("person-unknown", "nothing may be told of that person now") from None
    return _told(sent, withheld)


def listed(*, system: System, fields: Collection[str] = (), after: int = 0, limit: int = 50) -> Part:
    """The controller's people that the activity applies to, `limit` at a time; each is a disclosure on record. Who may
    not be processed now is left out. Raises `SystemRefusedError`.
    """
    told, withheld = _wanted(system, fields)
    kinds = declared(system).applies_to
    with Scope(system.actor(system.activity), system.activity) as scope:
        rows = Relationship.objects.filter(
            Q(ended__isnull=True) | Q(ended__gt=clock.today()),
            controller_id=system.controller.pk,
            kind__in=kinds,
            subject_id__gt=after,
        )
        found = list(rows.order_by("subject_id").values_list("subject_id", flat=True).distinct()[: limit + 1])
        chosen = found[:limit]
        if not chosen:
            return Part([], None)
        sent = disclose_many(
            scope=scope,
            register_id=system.controller.register_id,
            controller_id=system.controller.pk,
            recipient=system.party,
            people=_values(system, set(chosen), told),
            at=clock.now(),
            any_channel=True,
        )
    return Part([_told(one, withheld) for one in sent.items], chosen[-1] if len(found) > limit else None)


def amend(*, system: System, subject_id: int, facts: Mapping[str, str]) -> list[str]:
    """Record what the system says of the person, as its word; the kinds that changed. What was stays as history, and
    who has received it is told (A7, GDPR 19). An address is where the person may be reached, and no more: it finds
    nobody and signs nobody in before a code was read at it. The person is told of it at another address.

    Raises `SystemRefusedError`: `field-undeclared` for what the activity does not record, `way-in` for an address the
    person signs in with, `value-unreadable`. Whether an address is somebody else's makes no difference.
    """
    activity = declared(system)
    if any(kind not in CHANGEABLE or CORRECTABLE[kind] not in activity.records for kind in facts):
        raise SystemRefusedError("field-undeclared", f"the declaration does not let '{system.activity}' record that")
    controller, at = system.controller, clock.now()
    holder = holder_of(controller_id=controller.pk)
    changed: list[str] = []
    with Scope(system.actor(system.activity), system.activity, frozenset({subject_id})) as scope:
        lock_subject(scope=scope, subject_id=subject_id)
        rows = Fact.objects.filter(subject_id=subject_id, superseded_at__isnull=True, kind__in=facts)
        standing = dict(rows.values_list("kind", "controller_id"))
        if any(kind in standing for kind in WAYS_IN if kind in facts):
            raise SystemRefusedError("way-in", "the person alone changes the address they sign in with")
        for kind, text in facts.items():
            where: dict[str, Any] = {"controller_id": standing.get(kind, holder), "source": _source(system), "at": at}
            try:
                record = person_facts.keep_contact if kind in WAYS_IN else person_facts.keep
                new = record(
                    **where,
                    scope=scope,
                    subject_id=subject_id,
                    register_id=controller.register_id,
                    kind=kind,
                    text=text,
                )
            except (IdentifierError, ProtectedAddressError, ValueError):
                raise SystemRefusedError("value-unreadable", f"{kind} cannot be used") from None
            if new:
                changed.append(kind)
                append(
                    type=PERSON_CORRECTED,
                    scope=scope,
                    controller=controller.pk,
                    subject=subject_id,
                    details={"category": CORRECTABLE[kind], "kind": kind, "source": _source(system)},
                )
        if changed:
            if set(changed) & set(WAYS_IN):
                _tell(controller, subject_id)
            tell_recipients(
                subject_id=subject_id,
                register_id=controller.register_id,
                what=What.RECTIFIED,
                at=at,
                categories=sorted({CORRECTABLE[kind] for kind in changed}),
            )
    return changed


def _source(system: System) -> str:
    """Whose word it is: the system's, never the person's."""
    return system.party[:30]


def _tell(controller: Controller, subject_id: int) -> None:
    """The person is told, where they have another address, that one was stated by somebody else."""
    working = Fact.objects.filter(
        subject_id=subject_id, kind="email", superseded_at__isnull=True, failed_at__isnull=True, source=dead.OWN_WORD
    )
    for address in sorted(set(working.values_list("value", flat=True))):
        send_unstored(
            to=address,
            subject=say("nb", "letter.address_stated", name=controller.name),
            text=say("nb", "letter.address_stated_text", name=controller.name),
            sender=controller.name,
        )


def _values(system: System, subjects: Collection[int], fields: Collection[str]) -> dict[int, dict[str, Any]]:
    """What is known of each, by field; None for what is not."""
    kinds = [kind for field in fields for kind in PARTS.get(field, ())]
    rows = Fact.objects.filter(
        subject_id__in=subjects, controller_id__in=system.everyone, kind__in=kinds, superseded_at__isnull=True
    )
    known: dict[int, dict[str, str]] = {subject: {} for subject in subjects}
    for subject, kind, value in rows.order_by("recorded_at", "id").values_list("subject_id", "kind", "value"):
        known[subject][kind] = value
    values: dict[int, dict[str, Any]] = {}
    for subject, facts in known.items():
        parts = {field: [facts[kind] for kind in PARTS[field] if kind in facts] for field in fields if field in PARTS}
        values[subject] = {field: " ".join(found) or None for field, found in parts.items()}
    if "relationship" in fields:
        ties = Relationship.objects.filter(subject_id__in=subjects, controller_id=system.controller.pk)
        for tie in ties.order_by("started", "id"):
            values[tie.subject_id]["relationship"] = {
                "kind": tie.kind,
                "since": tie.started.isoformat(),
                "until": tie.ended.isoformat() if tie.ended else None,
            }
        for one in values.values():
            one.setdefault("relationship", None)
    return values


def _told(sent: Disclosed, withheld: tuple[str, ...]) -> Told:
    return Told(sent.subject_id, dict(sent.payload), (*sent.withheld, *withheld))
