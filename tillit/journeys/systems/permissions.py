"""A person's choices as a system reads them; a permission or a no that a system submits with its evidence (F1, F2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from tillit.cases import files
from tillit.cases.errors import CaseError
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import ConsentEvent, EventKind
from tillit.consent.operations import shown
from tillit.consent.queries import Switch, switches
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose
from tillit.disclosure.rules import permit
from tillit.journeys import choices
from tillit.journeys.consents import receipts
from tillit.journeys.systems.errors import SystemRefusedError
from tillit.journeys.systems.reach import LOG, System, ever
from tillit.kernel import clock
from tillit.kernel.position import written_since
from tillit.kernel.scope import Scope
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.parties.operations import relate

UNDER, CATEGORY, ROUTE, SUBSCRIBER = "consent_management", "consent_record", "partner", "subscriber"
_NOES = {
    EventKind.WITHDRAWN: (EventKind.GIVEN,),
    EventKind.OBJECTED: (EventKind.OBJECTION_LIFTED, EventKind.OBJECTION_REFUSED),
}
"""A no, and what ends it."""
LONGEST, LARGEST = timedelta(days=366), 1_400_000
"""How long ago the person may have said it; bytes of a proof file."""
_NOTE, _LEAST = 200, 5
"""Signs that are kept of where a proof is filed; letters and digits that such a place has at least."""


@dataclass(frozen=True)
class Evidence:
    """What shows a yes: where the proof is filed, or the proof itself."""

    reference: str = ""
    file: bytes = field(default=b"", repr=False)


def standing(*, system: System, subject_id: int) -> list[Switch]:
    """Every choice the person has at the controller, as it stands; on record as a disclosure.

    Raises `SystemRefusedError` `system-undeclared` unless the declaration lets the system have consents, and
    `person-unknown`.
    """
    with Scope(system.actor(UNDER), UNDER, frozenset({subject_id})) as scope:
        declared = current(controller_id=system.controller.pk, on=clock.today()).activity(UNDER)
        if declared is None or LOG not in declared.records:
            raise SystemRefusedError("system-undeclared", f"'{UNDER}' keeps no log of what is disclosed")
        found = switches(subject_id=subject_id, controller_id=system.controller.pk)
        try:
            sent = disclose(
                scope=scope,
                subject_id=subject_id,
                controller_id=system.controller.pk,
                recipient=system.party,
                fields={CATEGORY: found},
                at=clock.now(),
            )
        except DisclosureRefusedError as refused:
            code = "system-undeclared" if refused.code.startswith(("undeclared", "activity")) else "person-unknown"
            raise SystemRefusedError(code, "the system may not have the person's choices") from None
    told: list[Switch] = sent.payload[CATEGORY]
    return told


def followed(*, system: System) -> str | None:
    """Whose choices the system is told of, in a word that changes with it: the relationships its activity is for. None
    unless the declaration lets the system have consents.
    """
    today = clock.today()
    said = current(controller_id=system.controller.pk, on=today)
    try:
        permit(declaration=said, activity=UNDER, recipient=system.party, fields=(CATEGORY,), on=today)
    except DisclosureRefusedError:
        return None
    activity = said.activity(system.activity)
    return f"consents {sorted(activity.applies_to) if activity else []}"


def changed(*, system: System, since: datetime, position: int | None = None) -> list[tuple[int, int]]:
    """(number of the act, person) of what the controller's people have said since, written at the position or later,
    oldest first: whoever has or had a relationship that the system's activity is for, for the no that keeps a system
    from somebody is what it must learn. Nothing unless the declaration lets the system have consents.
    """
    if followed(system=system) is None:
        return []
    with Scope(system.actor("consent_proof"), "consent_proof"):
        acts = ConsentEvent.objects.filter(
            written_since(ConsentEvent._meta.db_table, position),
            controller_id=system.controller.pk,
            recorded_at__gte=since,
        )
        found = list(acts.order_by("recorded_at", "id").values_list("id", "subject_id"))
    theirs = ever(system=system, subject_ids={subject for _, subject in found})
    return [(act, subject) for act, subject in found if subject in theirs]


def submit(
    *,
    system: System,
    subject_id: int,
    activity: str,
    channel: str,
    given: bool,
    said_at: datetime,
    wording: str,
    language: str,
    evidence: Evidence,
) -> Mapping[str, object]:
    """Record what the person said to the partner: the words it was said to, when, and what shows it. They get a receipt
    with the way back. A no needs no evidence; the same again is recorded again.

    A yes is taken from whom the declaration has it from, and never over a no that the person said themselves.
    Raises `SystemRefusedError`: `evidence-missing`, `evidence-unusable`, `moment-unusable`, `choice-unknown`,
    `system-undeclared`, `own-no-stands`.
    """
    now = clock.now()
    if said_at.tzinfo is None or not now - LONGEST <= said_at <= now:
        raise SystemRefusedError("moment-unusable", "when it was said lies in the last year, with its offset from UTC")
    noted = " ".join(evidence.reference.split())[:_NOTE]
    if given and not evidence.file and sum(map(str.isalnum, noted)) < _LEAST:
        raise SystemRefusedError("evidence-missing", "a yes comes with what shows it, by which it is found again")
    proof = _clean(evidence.file) if evidence.file else None
    controller = system.controller
    declared = current(controller_id=controller.pk, on=clock.today()).activity(activity)
    if given:
        _from_others(system, declared)
        if _own_no(system, subject_id, activity, channel):
            raise SystemRefusedError("own-no-stands", "the person has said no; only they take that back")
    said = system.partner.key if system.partner else system.party
    with Scope(system.actor(UNDER), UNDER, frozenset({subject_id})) as scope:
        if given and declared is not None:
            _subscriber(scope, controller, declared, subject_id)
        try:
            act = choices.choose(
                actor=system.actor(UNDER),
                controller=controller,
                subject_id=subject_id,
                activity=activity,
                channel=channel,
                on=given,
                wording=shown(controller_id=controller.pk, text=wording, language=language, at=now),
                route=ROUTE,
                evidence=f"{said}: {noted}"[:_NOTE] if noted else said,
                at=said_at,
                proof_file=proof,
            )
        except UnknownChoiceError:
            raise SystemRefusedError("choice-unknown", "the declaration gives the person no such choice") from None
        found = switches(subject_id=subject_id, controller_id=controller.pk)
    stands = next(one.on for one in found if (one.activity, one.channel) == (activity, channel))
    sent = receipts.tell(
        controller=controller,
        subject_id=subject_id,
        activity=activity,
        channel=channel,
        on=given,
        key=f"receipt:{activity}:{channel}:{act}",
    )
    return {"recorded": True, "in_effect": stands == given, "receipt_sent": sent}


def _from_others(system: System, activity: Activity | None) -> None:
    """Raises `SystemRefusedError` unless the activity is declared to have such a yes from others than the person, and
    the one who submits it for what it is about.
    """
    if activity is None or ROUTE not in activity.sources:
        raise SystemRefusedError("choice-unknown", "the declaration has nothing of that kind from others")
    if system.partner is not None:
        return
    today = clock.today()
    said = current(controller_id=system.controller.pk, on=today)
    receives = {one.key for one in said.recipients}
    try:
        permit(declaration=said, activity=UNDER, recipient=system.party, fields=(CATEGORY,), on=today)
    except DisclosureRefusedError:
        raise SystemRefusedError("system-undeclared", "the system has nothing to do with choices") from None
    if system.party in receives and system.party not in activity.recipients:
        raise SystemRefusedError("system-undeclared", f"'{activity.key}' is not declared for the system")


def _own_no(system: System, subject_id: int, activity: str, channel: str) -> bool:
    """Whether the latest that the person said themselves, of a consent or an objection, is a no."""
    with Scope(system.actor("consent_proof"), "consent_proof", frozenset(same_person(subject_id))):
        acts = ConsentEvent.objects.filter(
            subject_id__in=same_person(subject_id),
            controller_id__in=system.everyone,
            activity=activity,
            channel__in={"", channel},
        ).exclude(route=ROUTE)
        said = list(acts.order_by("at", "id").values_list("kind", flat=True))
    return any(
        next((kind == no for kind in reversed(said) if kind in {no, *undone}), False) for no, undone in _NOES.items()
    )


def _subscriber(scope: Scope, controller: Controller, activity: Activity, subject_id: int) -> None:
    """Who has no relationship that the activity is for becomes a subscriber by the yes, where it is for subscribers."""
    ties = Relationship.objects.filter(
        Q(ended__isnull=True) | Q(ended__gt=clock.today()), subject_id=subject_id, controller_id=controller.pk
    )
    related = set(ties.values_list("kind", flat=True))
    if SUBSCRIBER in activity.applies_to and not related & set(activity.applies_to):
        relate(scope=scope, subject_id=subject_id, controller_id=controller.pk, kind=SUBSCRIBER, started=clock.today())


def _clean(body: bytes) -> tuple[str, bytes]:
    """The proof as it is kept: a PDF, a picture painted anew, a recording."""
    if len(body) > LARGEST:
        raise SystemRefusedError("evidence-unusable", f"a proof has {LARGEST} bytes at most")
    try:
        kept = files.clean(body)
    except CaseError:
        raise SystemRefusedError("evidence-unusable", "a proof is a PDF, a picture or a recording") from None
    return kept.media_type, kept.body
