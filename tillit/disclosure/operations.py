"""The only way personal data leaves (H13): declared, allowed for the person now, cut down, and on record.

    with Scope(actor, "card_blocking", {subject}) as scope:
        sent = disclose(scope=scope, subject_id=subject, controller_id=…, recipient="card_issuer",
                        fields={"name": …, "blocked_number": …}, party="kortbank", at=clock.now())
        transport(sent)           # takes a `Disclosed` and nothing else

Keys of `fields` are fields of the vocabulary, or a category for all of it; values are what leaves, and are not kept.
The log's row, the audit event and what the caller does with the result stand in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import randbits
from typing import Any
from uuid import UUID

from tillit.audit.events import DISCLOSURE_MADE
from tillit.audit.operations import append
from tillit.consent.queries import Decision, may_each, may_over_any
from tillit.declaration.countries import in_eea
from tillit.declaration.queries import current, current_version
from tillit.declaration.vocabulary import vocabulary
from tillit.disclosure import conditions
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.models import Disclosure
from tillit.disclosure.rules import Permit, permit
from tillit.kernel import clock
from tillit.kernel.scope import Scope, require
from tillit.parties import journal
from tillit.parties.models import Subject
from tillit.parties.operations import lock_subjects, many_at_once

OWN_CHOICE = "own_choice"
"""The recipient in the log when the person named it, and not a declaration."""
_AT_ONCE = 2000


@dataclass(frozen=True)
class Asked:
    """The person's own yes to this very disclosure: when, by which route, in which wording (a digest of it)."""

    at: datetime
    route: str
    wording: str


@dataclass(frozen=True)
class Disclosed:
    """What may now be handed over, and its reference. withheld: fields that were not the recipient's to have.

    Only this module makes one: a transport that takes it takes nothing that is not on record.
    """

    subject_id: int
    recipient: str
    reference: UUID
    payload: Mapping[str, Any] = field(repr=False)
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class DisclosedSet:
    """The same for many people: what leaves by person, and why the others were left out (reason by person)."""

    recipient: str
    batch: int
    items: tuple[Disclosed, ...]
    refused: Mapping[int, str]


def disclose(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    recipient: str,
    fields: Mapping[str, Any],
    at: datetime,
    party: str = "",
    country: str | None = None,
    asked: Asked | None = None,
    case_id: int | None = None,
    any_channel: bool = False,
) -> Disclosed:
    """Put on record that `fields` of one person go to `recipient` for the scope's activity, and give what may leave.

    `party`: a code for which of them, where the declared recipient is a kind of party; `country`: where that one is.
    `asked`: the yes to this disclosure, needed where the recipient's ground is consent and the activity's is not.
    `any_channel`: a yes to one channel of the activity lets it process the person.
    Raises `DisclosureRefusedError` (nothing is recorded, nothing may leave).
    """
    allowed = _permit(scope, controller_id, recipient, tuple(fields), country)
    if allowed.ask_first and asked is None:
        raise DisclosureRefusedError("ask-first", f"'{recipient}' receives this only when the person has said yes")
    decision = _decisions(scope, controller_id, {subject_id}, any_channel=any_channel)[subject_id]
    if not decision:
        raise DisclosureRefusedError(decision.reason, f"this person's data may not go out: {decision.reason}")
    state = lock_subjects(scope=scope, subject_ids=[subject_id]).get(subject_id, 0)
    conditions.check(activity=scope.activity, subject_id=subject_id, case_id=case_id, at=at)
    row = _row(scope, allowed, subject_id, controller_id, recipient, at, state)
    row.party, row.case_id = party, case_id
    if asked is not None:
        row.asked_at, row.route, row.wording = asked.at, asked.route, asked.wording
    row.save(force_insert=True)
    _remember(scope, [row], at)
    append(
        type=DISCLOSURE_MADE,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={**_details(allowed, recipient), **({"case": case_id} if case_id is not None else {})},
    )
    payload = {key: fields[key] for key in allowed.fields}
    return Disclosed(subject_id, recipient, row.reference, payload, allowed.withheld)


def hand_over(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    party: str,
    country: str,
    payload: Mapping[str, Any],
    asked: Asked,
    at: datetime,
    case_id: int | None = None,
) -> Disclosed:
    """Put on record that a person's own data (category → what leaves) goes to whom the person chose (H6, GDPR 20(2)).

    No declaration names that recipient: the person does, by the yes in `asked`. The law obliges the controller.
    Raises `DisclosureRefusedError` `no-transfer-ground` outside the EEA and `undeclared-activity` outside
    `rights_requests`.
    """
    if scope.activity != "rights_requests":
        raise DisclosureRefusedError(
            "undeclared-activity", "only the rights of persons hand over by the person's choice"
        )
    if not in_eea(country):
        raise DisclosureRefusedError("no-transfer-ground", f"nothing is declared for transfers to {country}")
    allowed = Permit(OWN_CHOICE, "legal_obligation", country, "", tuple(sorted(payload)), (), ask_first=True)
    state = lock_subjects(scope=scope, subject_ids=[subject_id]).get(subject_id, 0)
    row = _row(scope, allowed, subject_id, controller_id, OWN_CHOICE, at, state)
    row.party, row.case_id = party, case_id
    row.asked_at, row.route, row.wording = asked.at, asked.route, asked.wording
    row.save(force_insert=True)
    append(
        type=DISCLOSURE_MADE,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={**_details(allowed, OWN_CHOICE), **({"case": case_id} if case_id is not None else {})},
    )
    return Disclosed(subject_id, OWN_CHOICE, row.reference, payload)


def disclose_many(
    *,
    scope: Scope,
    register_id: int,
    controller_id: int,
    recipient: str,
    people: Mapping[int, Mapping[str, Any]],
    at: datetime,
    party: str = "",
    country: str | None = None,
    any_channel: bool = False,
) -> DisclosedSet:
    """The same for a set of people (subject → fields, the same fields for each): asked in one statement, logged in one.

    Whoever may not be processed now is left out with the reason. Raises `DisclosureRefusedError` for what the
    declaration refuses, and `ask-first` for a recipient that needs each person's own yes.
    """
    names = tuple(dict.fromkeys(name for fields in people.values() for name in fields))
    allowed = _permit(scope, controller_id, recipient, names, country)
    if allowed.ask_first:
        raise DisclosureRefusedError("ask-first", f"'{recipient}' receives this only when each person has said yes")
    if scope.activity in conditions.CONDITIONS:
        raise DisclosureRefusedError(conditions.CONDITIONS[scope.activity][1], "nothing of many people leaves there")
    many_at_once(register_id=register_id)
    decisions = _decisions(scope, controller_id, set(people), any_channel=any_channel)
    refused = {subject: decision.reason for subject, decision in decisions.items() if not decision}
    chosen = sorted(set(people) - set(refused))
    batch = randbits(62)
    states = dict(Subject.objects.filter(id__in=chosen).values_list("id", "state"))
    rows = []
    for subject in chosen:
        row = _row(scope, allowed, subject, controller_id, recipient, at, states[subject])
        row.party, row.batch = party, batch
        rows.append(row)
    Disclosure.objects.bulk_create(rows, batch_size=_AT_ONCE)
    _remember(scope, rows, at)
    append(
        type=DISCLOSURE_MADE,
        scope=scope,
        controller=controller_id,
        batch=batch,
        details={**_details(allowed, recipient), "persons": len(chosen)},
    )
    items = tuple(
        Disclosed(
            row.subject_id,
            recipient,
            row.reference,
            {key: value for key, value in people[row.subject_id].items() if key in allowed.fields},
            allowed.withheld,
        )
        for row in rows
    )
    return DisclosedSet(recipient, batch, items, refused)


def _permit(scope: Scope, controller_id: int, recipient: str, fields: tuple[str, ...], country: str | None) -> Permit:
    require(activity=scope.activity)
    today = clock.today()
    allowed = permit(
        declaration=current(controller_id=controller_id, on=today),
        activity=scope.activity,
        recipient=recipient,
        fields=fields,
        country=country,
        on=today,
    )
    if not allowed.fields:
        raise DisclosureRefusedError("nothing-left", f"none of these fields may go to '{recipient}'")
    return allowed


def _decisions(scope: Scope, controller_id: int, subjects: set[int], *, any_channel: bool) -> dict[int, Decision]:
    """May the activity process each of them now? What sees archived rows may be about people who have left."""
    former = "archived" in vocabulary().activities[scope.activity].sees
    ask = may_over_any if any_channel else may_each
    return ask(controller_id=controller_id, activity=scope.activity, subject_ids=subjects, former=former)


def _row(
    scope: Scope, allowed: Permit, subject_id: int, controller_id: int, recipient: str, at: datetime, state: int
) -> Disclosure:
    return Disclosure(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        recipient=recipient,
        recipient_kind=allowed.kind,
        activity=scope.activity,
        ground=allowed.ground,
        fields=by_category(allowed.fields),
        country=allowed.country,
        transfer_ground=allowed.transfer_ground,
        declaration_version=current_version(controller_id=controller_id, on=clock.today()).number,
        disclosed_at=at,
    )


def _remember(scope: Scope, rows: list[Disclosure], at: datetime) -> None:
    """No restore may lose whom a recipient was told about: a correction or erasure is owed to it (GDPR 19)."""
    made = Disclosure.objects.filter(
        subject_id__in=[r.subject_id for r in rows], reference__in=[r.reference for r in rows]
    )
    journal.remember(scope=scope, rows=made, at=at)


def by_category(fields: tuple[str, ...]) -> dict[str, list[str]]:
    """Category → fields; a whole category has its own key as the only field."""
    found: dict[str, list[str]] = {}
    for name in sorted(fields):
        found.setdefault(vocabulary().category_of(name), []).append(name)
    return found


def _details(allowed: Permit, recipient: str) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "recipient_kind": allowed.kind,
        "ground": allowed.ground,
        "fields": sorted(allowed.fields),
    }
