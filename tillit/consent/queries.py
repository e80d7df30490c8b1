"""May we? For one person or as a set: the same statement (F1, F2, H4, H5, D14)."""

from base64 import b64decode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from tillit.consent.errors import NotLawfulError
from tillit.consent.models import Choice, ProofFile
from tillit.consent.waiting import waiting
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties.merging import own, same_people, same_person
from tillit.parties.models import Relationship
from tillit.parties.sealing import open_sealed

_EACH = load(__file__, "lawful", "lawful").replace("/*people*/", load(__file__, "lawful", "applies"))


@dataclass(frozen=True)
class Decision:
    """The answer, and the reason when it is no: `not-declared`, `channel-not-declared`, `contact-first` (D14),
    `not-applicable`, `deceased` (where it would be a message), `restricted`, `objected`, `no-consent`, `no-account`,
    `terms-not-accepted` (A4)."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Raise `NotLawfulError` with the reason as its code when the answer is no."""
        if not self.allowed:
            raise NotLawfulError(self.reason, f"the activity may not process this person: {self.reason}")


@dataclass(frozen=True)
class _Side:
    """A controller as it is asked about: what it declares today, and who holds rows with it."""

    controller_id: int
    declared: Declaration
    holders: list[int]


def _side(controller_id: int) -> _Side:
    holder = holder_of(controller_id=controller_id)
    declared = current(controller_id=controller_id, on=clock.today())
    return _Side(controller_id, declared, sorted({controller_id, holder}))


def _terms(
    side: _Side, activity: str, channel: str | None, *, answering: bool, former: bool = False
) -> dict[str, Any] | str:
    """The facts of the declaration the statement needs, or the reason why the question already has a no."""
    declared = side.declared.activity(activity)
    if declared is None:
        return "not-declared"
    if channel is not None and channel not in declared.channels:
        return "channel-not-declared"
    if channel is not None and not declared.first_contact and not answering:
        return "contact-first"
    word = vocabulary().activities[activity]
    grounds = {basis.ground for basis in declared.basis}
    firm = grounds - {"consent", "legitimate_interest", "public_task"}
    return {
        "controller": side.controller_id,
        "holders": side.holders,
        "activity": activity,
        "channel": channel or "",
        "applies_to": list(declared.applies_to),
        "sees_restricted": "restricted" in word.sees,
        "objectable": word.marketing or not firm,
        "needs_consent": grounds == {"consent"} or (word.marketing and "consent" in grounds),
        "needs_account": declared.requires_account,
        "former": former,
        "today": clock.today(),
    }


def _ask(controller_id: int, terms: dict[str, Any], subjects: list[int] | None) -> dict[int, str]:
    actor = system("consent", {controller_id, *terms["holders"]})
    asking = "rights_requests" if terms["former"] else "consent_management"  # who has left stands in the archive
    with Scope(actor, asking), connection.cursor() as cursor:
        cursor.execute(_EACH, {**terms, "subjects": subjects})
        found: dict[int, str] = dict(cursor.fetchall())
    free = [subject for subject, reason in found.items() if not reason]
    held = waiting(controller_id=controller_id, activity=terms["activity"], subject_ids=free)
    return found | dict.fromkeys(held, "terms-not-accepted")


@dataclass(frozen=True)
class Statement:
    """May we, for a set that picks among the people an activity applies to: `applies` gives these (subject_id, died),
    `lawful(people)` (subject_id, reason) of those whom a statement of the same columns gives.
    """

    applies: str
    values: dict[str, Any]

    def lawful(self, people: str) -> str:
        """The statement that answers for these people."""
        only = "AND x.subject_id IN (SELECT subject_id FROM p)"
        return load(__file__, "lawful", "lawful").replace("/*people*/", people).replace("/*among*/", only)


def statement(*, controller_id: int, activity: str, channel: str | None = None) -> Statement | str:
    """The statements that answer for everybody, with their parameters; or the reason why the question already has a
    no. Terms that wait for acceptance are asked about as each message is put in.
    """
    terms = _terms(_side(controller_id), activity, channel, answering=False)
    if isinstance(terms, str):
        return terms
    return Statement(load(__file__, "lawful", "applies"), {**terms, "subjects": None})


def may(
    *,
    controller_id: int,
    activity: str,
    subject_id: int,
    channel: str | None = None,
    answering: bool = False,
    former: bool = False,
) -> Decision:
    """May `activity` process this person now, over `channel` if it is an outward one?

    `answering`: the person contacted us first, which lifts `first_contact: false` (D14). `former`: people whose
    relationship has ended count, too (an authority's order, the answer to a request).
    """
    asked = {subject_id}
    return may_each(
        controller_id=controller_id,
        activity=activity,
        subject_ids=asked,
        channel=channel,
        answering=answering,
        former=former,
    )[subject_id]


def may_each(
    *,
    controller_id: int,
    activity: str,
    subject_ids: Collection[int],
    channel: str | None = None,
    answering: bool = False,
    former: bool = False,
) -> dict[int, Decision]:
    """The same for each of these people, in one statement."""
    terms = _terms(_side(controller_id), activity, channel, answering=answering, former=former)
    if isinstance(terms, str):
        return dict.fromkeys(subject_ids, Decision(allowed=False, reason=terms))
    known_by = same_people(subject_ids)
    found = _ask(controller_id, terms, sorted(known_by))
    said = {subject: found.get(known_by[subject], "not-applicable") for subject in subject_ids}
    return {subject: Decision(allowed=reason == "", reason=reason) for subject, reason in said.items()}


def may_over_any(
    *, controller_id: int, activity: str, subject_ids: Collection[int], former: bool = False
) -> dict[int, Decision]:
    """May it process each of them at all: where a yes is given for each channel, by a yes for one of them."""
    asked: dict[str, Any] = {"controller_id": controller_id, "activity": activity, "former": former}
    said = may_each(**asked, subject_ids=subject_ids)
    declared = current(controller_id=controller_id, on=clock.today()).activity(activity)
    for channel in declared.channels if declared else ():
        left = {subject for subject, decision in said.items() if decision.reason == "no-consent"}
        if not left:
            break
        found = may_each(**asked, subject_ids=left, channel=channel, answering=True)
        said |= {subject: decision for subject, decision in found.items() if decision}
    return said


def lawful_subjects(*, controller_id: int, activity: str, channel: str | None = None) -> frozenset[int]:
    """Everyone the activity may process now; empty when it is not declared."""
    return frozenset(
        s
        for s, reason in reasons(controller_id=controller_id, activity=activity, channel=channel).items()
        if not reason
    )


def reasons(*, controller_id: int, activity: str, channel: str | None = None) -> dict[int, str]:
    """Everyone the activity applies to, with the reason each is left out ('' = may): what a marketer is shown."""
    terms = _terms(_side(controller_id), activity, channel, answering=False)
    return {} if isinstance(terms, str) else _ask(controller_id, terms, None)


@dataclass(frozen=True)
class Switch:
    """What a person may say yes or no to: an activity over a channel ('' where it has none), and what they have said.

    kind: `consent` (needs a yes), `objection` (goes on until a no). objected: a no stands, whatever was consented to.
    """

    activity: str
    channel: str
    kind: str
    on: bool
    objected: bool
    since: datetime | None


def asked_at_joining(*, controller_id: int, relationship: str = "member") -> list[tuple[str, str]]:
    """(activity, channel) of every consent the declaration asks of somebody who becomes a member, in its order (F1)."""
    side = _side(controller_id)
    found = []
    for activity in side.declared.activities:
        terms = _terms(side, activity.key, None, answering=True)
        if not isinstance(terms, str) and terms["needs_consent"] and relationship in activity.applies_to:
            found += [(activity.key, channel) for channel in activity.channels or ("",)]
    return found


def switches(*, subject_id: int, controller_id: int) -> list[Switch]:
    """Every choice the controller's declaration gives the person, in its order, as far as the scope sees (F1, H5).

    What the law makes every controller do (security, rights …) is no switch; an objection to that is a request.
    """
    side = _side(controller_id)
    rows = Relationship.objects.filter(
        Q(ended__isnull=True) | Q(ended__gt=clock.today()),
        subject_id__in=same_person(subject_id),
        controller_id=controller_id,
    )
    related = set(rows.values_list("kind", flat=True))
    said: dict[tuple[str, int], dict[str, Choice]] = {}
    for choice in Choice.objects.filter(subject_id=own(subject_id), controller_id__in=side.holders):
        said.setdefault((choice.activity, choice.controller_id), {})[choice.channel] = choice
    found = []
    sides = (controller_id, *(one for one in side.holders if one != controller_id))
    for activity in side.declared.activities:
        terms = _terms(side, activity.key, None, answering=True)
        if isinstance(terms, str) or not related & set(activity.applies_to):
            continue
        optional = terms["needs_consent"] or (
            terms["objectable"] and not vocabulary().activities[activity.key].required
        )
        if not optional:
            continue
        for channel in activity.channels or ("",):
            # The order of `lawful`: the channel's own choice before the general one, our own before the holder's.
            told = [said.get((activity.key, one), {}) for one in sides]
            standing = [c for one in told if (c := one.get(channel) or one.get(""))]
            objected = any(c.objected for c in standing)
            on = not objected and (not terms["needs_consent"] or bool(standing and standing[0].consented))
            since = standing[0].since if standing else None
            kind = "consent" if terms["needs_consent"] else "objection"
            found.append(Switch(activity.key, channel, kind, on, objected, since))
    return found


def proof_file(*, subject_ids: Collection[int], event_id: int) -> tuple[str, bytes] | None:
    """(media type, contents) of what was sent as proof of an act, as far as the open scope sees it; None: none was.

    Raises `SealedValueLostError`.
    """
    kept = ProofFile.objects.filter(subject_id__in=subject_ids, event_id=event_id).first()
    if kept is None or not kept.sealed:
        return None
    text = open_sealed(
        subject_id=kept.subject_id,
        controller_id=kept.controller_id,
        table=ProofFile._meta.db_table,
        column="sealed",
        sealed=kept.sealed,
    )
    return kept.media_type, b64decode(text)
