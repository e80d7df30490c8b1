"""Give, withdraw, object, restrict: each an appended event and the new state in one transaction, effective at once."""

from base64 import b64encode
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import connection

from tillit.consent.errors import AbsoluteObjectionError, UnknownChoiceError
from tillit.consent.models import Choice, ConsentEvent, EventKind, ProofFile, Restriction, Wording
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, current_version, declared, holder_of, versions
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import journal, sealing
from tillit.parties.merging import own, same_person
from tillit.parties.models import Subject
from tillit.parties.operations import lock_subject, wait_for_sets

_EFFECT = {
    EventKind.GIVEN: {"consented": True},
    EventKind.WITHDRAWN: {"consented": False},
    EventKind.OBJECTED: {"objected": True},
    EventKind.OBJECTION_LIFTED: {"objected": False},
    EventKind.OBJECTION_REFUSED: {"objected": False},
}
_UNDONE_BY = {
    EventKind.GIVEN: EventKind.WITHDRAWN,
    EventKind.OBJECTION_LIFTED: EventKind.OBJECTED,
    EventKind.OBJECTION_REFUSED: EventKind.OBJECTED,
}
"""What allows processing, and the no that undoes it when it was said later, whichever is noted first (H7)."""


def record(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    activity: str,
    kind: EventKind,
    route: str,
    wording: str,
    at: datetime,
    channel: str = "",
    evidence: str = "",
    proof_file: tuple[str, bytes] | None = None,
) -> ConsentEvent:
    """Append one event and set the choice it leads to (F1, F2, H5, H7).

    wording: digest of the text the person saw. An event for every channel (`channel=''`) also settles the choices
    made for single channels, so withdrawing "all" leaves none standing; one for a single channel goes before the
    general one. A yes dated before a no is kept as evidence and changes nothing. In a joint register a choice is the
    named controller's own; the holder's counts for every club that has none. `proof_file`: (media type, contents) of
    what shows it, kept sealed beside the act. Raises `UnknownChoiceError` when the
    declaration has no such activity or channel (a no is taken for any that a version ever had), and
    `AbsoluteObjectionError` on refusing an objection to marketing.
    """
    _refuse(controller_id, activity, channel, kind)
    subject_id = own(subject_id)
    state = lock_subject(scope=scope, subject_id=subject_id)
    mine = {"subject_id": subject_id, "controller_id": controller_id, "activity": activity}
    # Whoever may manage a choice does not thereby read its proof.
    with Scope(system("consent", {controller_id}), "consent_proof", frozenset({subject_id})) as proof:
        later = _later_noes(mine, kind, at)
        event = ConsentEvent.objects.create(
            **mine,
            state=state,
            channel=channel,
            kind=kind,
            at=at,
            route=route,
            wording=wording,
            declaration_version=current_version(controller_id=controller_id, on=clock.local_date(at)).number,
            evidence=evidence,
            last_marketing_message=at,
        )
        if proof_file is not None:
            _keep(event, *proof_file)
        journal.remember(scope=proof, rows=[event], at=at)
    if not later & {"", channel}:
        _choose(mine, channel, {**_EFFECT[kind]}, at, state, except_for=later)
        journal.remember(scope=scope, rows=Choice.objects.filter(**mine), at=at)
    return event


def _keep(event: ConsentEvent, media_type: str, body: bytes) -> None:
    whose = {"subject_id": event.subject_id, "controller_id": event.controller_id}
    sealed = sealing.seal(**whose, table=ProofFile._meta.db_table, column="sealed", value=b64encode(body).decode())
    ProofFile.objects.create(
        **whose,
        state=event.state,
        event_id=event.id,
        kind=event.kind,
        at=event.at,
        last_marketing_message=event.last_marketing_message,
        media_type=media_type,
        bytes=len(body),
        sealed=sealed,
    )


def shown(*, controller_id: int, text: str, language: str, at: datetime) -> str:
    """Keep the words that a choice is made on; their digest, which is the act's `wording`."""
    digest = sha256(text.encode()).hexdigest()
    row = Wording(digest=digest, controller_id=controller_id, language=language, text=text, first_used=at)
    Wording.objects.bulk_create([row], ignore_conflicts=True)
    return digest


def _refuse(controller_id: int, activity: str, channel: str, kind: EventKind) -> None:
    """Raise for what cannot be said: an undeclared choice, or a refusal of what the law makes absolute."""
    standing = [current(controller_id=controller_id, on=clock.today())]
    if kind in {EventKind.WITHDRAWN, EventKind.OBJECTED}:
        numbers = [version.number for version in versions(controller_id=controller_id)]
        standing += [declared(controller_id=controller_id, number=number) for number in numbers]
    known = [found for declaration in standing if (found := declaration.activity(activity))]
    if not any(not channel or channel in found.channels for found in known):
        raise UnknownChoiceError("unknown-choice", "the declaration has no such choice")
    if kind is EventKind.OBJECTION_REFUSED and vocabulary().activities[activity].marketing:
        raise AbsoluteObjectionError("objection-absolute", "an objection to direct marketing is never refused")


def _later_noes(mine: dict[str, Any], kind: EventKind, at: datetime) -> set[str]:
    """Channels ('' = all) on which a no dated after `at` already stands against what `kind` allows."""
    if kind not in _UNDONE_BY:
        return set()
    noes = ConsentEvent.objects.filter(**mine, kind=_UNDONE_BY[kind], at__gt=at)
    return set(noes.values_list("channel", flat=True))


def _choose(
    mine: dict[str, Any], channel: str, effect: dict[str, Any], at: datetime, state: int, *, except_for: set[str]
) -> None:
    """Set the choice for a channel, or for all. `since` follows the consent, whose withdrawal is a clock."""
    moved = {**effect, "since": at} if "consented" in effect else effect
    if not channel:
        Choice.objects.filter(**mine).exclude(channel__in=except_for).update(**moved)
    general: dict[str, Any] = {}
    general |= Choice.objects.filter(**mine, channel="").values("consented", "objected").first() or {}
    Choice.objects.update_or_create(
        **mine,
        channel=channel,
        defaults=moved,
        create_defaults={**general, **effect, "since": at, "state": state},
    )


def restrict(*, scope: Scope, subject_id: int, controller_id: int, ground: str, at: datetime) -> Restriction:
    """Restrict all processing of the person (GDPR 18, H4): every row of theirs in the register, in every table, in this
    transaction; of a merged person those of every subject. Raises `IntegrityError` when a restriction stands already.
    """
    wait_for_sets(subject_id=subject_id)
    made = []
    for one in same_person(subject_id):
        lock_subject(scope=scope, subject_id=one)
        made.append(Restriction.objects.create(subject_id=one, controller_id=controller_id, ground=ground, since=at))
    journal.remember(scope=scope, rows=made, at=at)
    for restriction in made:
        _move(restriction.subject_id, {0: 1, 2: 3})
    return made[0]


def lift(*, scope: Scope, subject_id: int, at: datetime) -> int:
    """Lift the restriction; the caller notifies the person first (GDPR 18(3)). Returns how many (0 or 1)."""
    wait_for_sets(subject_id=subject_id)
    people = same_person(subject_id)
    for one in sorted(people):
        lock_subject(scope=scope, subject_id=one)
    standing = list(Restriction.objects.filter(subject_id__in=people, lifted__isnull=True))
    Restriction.objects.filter(subject_id__in=people, lifted__isnull=True).update(lifted=at)
    if standing:
        journal.remember(scope=scope, rows=standing, at=at)
        for one in people:
            _move(one, {1: 0, 3: 2})
    return min(1, len(standing))


def follow_restriction(*, scope: Scope, subject_id: int) -> None:
    """Bring the state of all the person's rows to whether a restriction stands (after a restore)."""
    wait_for_sets(subject_id=subject_id)
    lock_subject(scope=scope, subject_id=subject_id)
    stands = Restriction.objects.filter(subject_id=subject_id, lifted__isnull=True).exists()
    _move(subject_id, {0: 1, 2: 3} if stands else {1: 0, 3: 2})


def _move(subject_id: int, states: dict[int, int]) -> None:
    """Change the state of every row of the person, table by table as the registry lists them, and of the subject
    itself. In a joint register the rows of every controller: whoever restricts, the person is restricted.
    """
    register = Subject.objects.values_list("register_id", flat=True).get(pk=subject_id)
    everyone = system("restriction", Controller.objects.filter(register_id=register).values_list("id", flat=True))
    with Scope(everyone, "rights_requests", frozenset({subject_id})), connection.cursor() as cursor:
        for before, after in states.items():
            cursor.execute(
                "UPDATE parties_subject SET state = %s WHERE id = %s AND state = %s", [after, subject_id, before]
            )
            for table in registry.PERSONAL:
                cursor.execute(
                    f"UPDATE {table} SET state = %s WHERE subject_id = %s AND state = %s",  # noqa: S608 (registered names)
                    [after, subject_id, before],
                )


def marketing_sent(*, controller_id: int, subject_ids: Collection[int], activity: str, at: datetime) -> int:
    """Marketing went to these people: the proof of their consent is kept from now on (F6). Returns how many acts."""
    holders = {controller_id, holder_of(controller_id=controller_id)}
    mine: dict[str, Any] = {"subject_id__in": list(subject_ids), "controller_id__in": holders}
    with Scope(system("consent", holders), "consent_proof"):
        files = ProofFile.objects.filter(**mine, last_marketing_message__lt=at)
        files = files.filter(event_id__in=ConsentEvent.objects.filter(**mine, activity=activity).values("id"))
        files.update(last_marketing_message=at)
        acts = ConsentEvent.objects.filter(**mine, activity=activity, last_marketing_message__lt=at)
        return acts.update(last_marketing_message=at)
