"""An enquiry comes in: from Min side, through staff, or as a message (D9, E8)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tillit.cases import attachments, customers, operations, queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys.enquiries.acting import ACTIVITY, handling, kinds, may_handle, of_desk
from tillit.kernel import clock
from tillit.kernel.card_numbers import mask_card_numbers
from tillit.kernel.collation import Ordered
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.messages import operations as messages
from tillit.parties import operations as parties
from tillit.parties.actors import person_scope
from tillit.parties.contacts import record_address
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.parties.operations import lock_subject

SAME_MATTER = timedelta(days=60)
"""How long after its end an answer opens a case again; later it is a new one."""


def ask(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    kind: str,
    fields: dict[str, Any],
    files: Sequence[bytes] = (),
    language: str = "nb",
) -> Case:
    """The signed-in person asks or complains, on Min side. All of it is taken in, or nothing. Raises `CaseError`."""
    with Scope(actor, "self_service", frozenset({subject_id})) as scope:
        case = _open(scope, controller, subject_id, kind, "self_service", fields, language)
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
    return case


def write(
    *, actor: Actor, controller: Controller, subject_id: int, case_id: int, text: str, files: Sequence[bytes] = ()
) -> Case:
    """The person writes again in their own case; a closed one opens. Raises `CaseError` (`no-text`, …)."""
    if not text.strip() and not files:
        raise CaseError("no-text", "there is nothing to send")
    with Scope(actor, "self_service", frozenset({subject_id})) as scope:
        case = of_desk(controller, queries.case(case_id=case_id, subject_id=subject_id))
        _wrote(scope, case, text.strip(), {})
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
    return case


def register(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    kind: str,
    channel: str,
    fields: dict[str, Any],
    received_at: datetime | None = None,
    files: Sequence[bytes] = (),
    language: str = "nb",
) -> Case:
    """Staff note what somebody asked by phone, in social media, by letter or at the counter: what matters, no more.

    Raises `CaseError`, `ScopeError`, `NotAssignedError`.
    """
    _may(actor, controller, channel)
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        case = _open(scope, controller, subject_id, kind, channel, fields, language, received_at)
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
    return case


def register_stranger(
    *,
    actor: Actor,
    controller: Controller,
    name: str,
    email: str,
    kind: str,
    channel: str,
    fields: dict[str, Any],
    received_at: datetime | None = None,
    language: str = "nb",
) -> Case:
    """The same from somebody not on record: kept as an enquirer, with name and address, to be answered at all.

    Raises also `IdentifierError`, and `AlreadyClaimedError` when the address is somebody's who is on record.
    """
    _may(actor, controller, channel)
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})) as scope:
        subject = enquirer(scope=scope, controller=controller, name=name, email=email)
        with Scope(actor, ACTIVITY, frozenset({subject}), frozenset({controller.pk})) as own:
            return _open(own, controller, subject, kind, channel, fields, language, received_at)


def others(*, controller: Controller, subject_id: int) -> list[Controller]:
    """Whom the controller may involve in what the person asks (A1): the single contact point of a joint arrangement the
    clubs that the person is with, and a club the contact point. None where it answers alone.
    """
    holder = holder_of(controller_id=controller.pk)
    siblings = Controller.objects.filter(register_id=controller.register_id).exclude(pk=controller.pk)
    if holder != controller.pk:
        found = set(siblings.filter(pk=holder).values_list("pk", flat=True))
    else:
        everybody = system("involving", {controller.pk, *siblings.values_list("pk", flat=True)})
        with Scope(everybody, "security_log"):
            ties = Relationship.objects.filter(subject_id__in=same_person(subject_id), ended__isnull=True)
            found = set(ties.values_list("controller_id", flat=True))
    return [one for one in siblings.order_by(Ordered("name"), "pk") if one.pk in found and kinds(one)]


def involve(*, actor: Actor, controller: Controller, case_id: int, other: str, text: str) -> Case:
    """Ask another of those who answer together to see to it, or a part: an enquiry with them, and the person sees both.

    Raises `CaseError` `no-text`, `other` (who is none of `others`), and as `handling`.
    """
    words = text.replace("\0", "").strip()
    if not words:
        raise CaseError("no-text", "there is nothing to write")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        there = next((c for c in others(controller=controller, subject_id=case.subject_id) if c.key == other), None)
        if there is None:
            raise CaseError("other", "choose who else is to see to it")
        kind = case.kind if case.kind in kinds(there) else customers.ENQUIRY
        asking = Actor(actor.kind, actor.ref, frozenset({there.pk}), frozenset({ACTIVITY}))
        said = {"subject": case.fields["subject"], "text": words, "topic": case.fields.get("topic")}
        fields = {key: value for key, value in said.items() if value}
        with Scope(asking, ACTIVITY, frozenset({case.subject_id}), frozenset({there.pk})) as own:
            made = _open(own, there, case.subject_id, kind, case.channel, fields, case.language)
        details = {"controller": there.pk, "case": made.id}
        operations.take(scope=scope, case=case, step="involved", at=clock.now(), text=there.name, details=details)
    return made


def enquirer(*, scope: Scope, controller: Controller, name: str, email: str) -> int:
    """Somebody not on record, with the name and the address they gave; the new person."""
    given, _, family = names.normalise(name).rpartition(" ")
    address, at = emails.normalise(email), clock.now()
    subject = parties.create_subject(scope=scope, register_id=controller.register_id)
    who: dict[str, Any] = {"scope": scope, "subject_id": subject, "controller_id": controller.pk}
    parties.relate(**who, kind="enquirer", started=clock.today())
    told = (("name.given", given), ("name.family", family))
    facts = [parties.NewFact("identity", kind, value) for kind, value in told if value]
    parties.record_facts(**who, facts=facts, source="data_subject", at=at)
    record_address(**who, register_id=controller.register_id, kind="email", text=address, source="data_subject", at=at)
    return subject


def from_page(
    *,
    controller: Controller,
    subject_id: int | None,
    name: str,
    email: str,
    fields: dict[str, Any],
    language: str = "nb",
) -> Case:
    """Somebody who is not signed in asks on the contact page, and has shown that the address is theirs. Who is not on
    record becomes an enquirer. Raises `CaseError`, `IdentifierError`.
    """
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    with Scope(system("enquiries", everyone), ACTIVITY) as scope:
        known = subject_id or enquirer(scope=scope, controller=controller, name=name, email=email)
        return _open(scope, controller, known, customers.ENQUIRY, "email", fields, language)  # answered there


def message_in(
    *,
    controller: Controller,
    subject_id: int,
    channel: str,
    subject: str,
    text: str,
    key: str,
    at: datetime,
    case_id: int | None = None,
    files: Sequence[bytes] = (),
) -> Case:
    """A message of the person's by e-mail or SMS: into the case it answers, else into a new one. Once for each `key`.

    The words are kept as a message of the case. A file that cannot be taken in is left out, and the log says so.
    """
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    with Scope(system("enquiries", everyone), ACTIVITY, frozenset({subject_id})) as scope:
        lock_subject(scope=scope, subject_id=subject_id)
        if (standing := messages.by_key(subject_id=subject_id, controller_id=controller.pk, key=key)) is not None:
            return queries.case(case_id=standing.case_id or 0, subject_id=subject_id)
        case, new = _case_for(scope, controller, subject_id, channel, subject, case_id)
        stored = messages.receive(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            channel=channel,
            subject=subject,
            text=text,
            at=min(at, clock.now()),
            key=key,
            case_id=case.id,
        )
        if not new:
            _wrote(scope, case, "", {"message": stored.id})
        for body in files:
            try:
                attachments.add(scope=scope, case=case, body=body, at=clock.now())
            except CaseError as refused:
                details = {"refused": refused.code}
                operations.take(scope=scope, case=case, step="note", at=clock.now(), details=details)
    return case


def _case_for(
    scope: Scope, controller: Controller, subject_id: int, channel: str, subject: str, case_id: int | None
) -> tuple[Case, bool]:
    if case_id is not None:
        try:
            found = of_desk(controller, queries.case(case_id=case_id, subject_id=subject_id))
        except UnknownCaseError:
            found = None
        if found is not None and (found.closed_at is None or clock.now() - found.closed_at <= SAME_MATTER):
            return found, False
    title = " ".join(mask_card_numbers(subject).split())[: customers.SUBJECT_LONGEST] or "–"
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    return _open(scope, controller, subject_id, customers.ENQUIRY, channel, {"subject": title}, language), True


def _open(
    scope: Scope,
    controller: Controller,
    subject_id: int,
    kind: str,
    channel: str,
    fields: dict[str, Any],
    language: str,
    received_at: datetime | None = None,
) -> Case:
    if kind not in kinds(controller):
        raise CaseError("kind-unknown", "that cannot be opened here")
    declared = current(controller_id=controller.pk, on=clock.today())
    return operations.open_case(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller.pk,
        kind=kind,
        channel=channel,
        at=clock.now(),
        received_at=received_at,
        fields=fields,
        language=language,
        category=customers.category_of(kind, declared),
    )


def _wrote(scope: Scope, case: Case, text: str, details: dict[str, Any]) -> None:
    step = "wrote" if case.closed_at is None else "wrote_again"
    operations.take(scope=scope, case=case, step=step, at=clock.now(), text=text, details=details)


def _may(actor: Actor, controller: Controller, channel: str) -> None:
    if not may_handle(actor, controller):
        raise ScopeError("scope-activity", f"{actor.kind} does not answer enquiries")
    if channel not in customers.CHANNELS[1:]:
        raise CaseError("channel", f"one of {', '.join(customers.CHANNELS[1:])}")
