"""Requests about one's rights are answered in time, by people who know whom they answer (H5, H8).

A request past its deadline is broken until it is answered. The deadline is told anew from the day it came in: only an
interim answer, given in time and within two further months, may have moved it.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Q

from tillit.cases import rights
from tillit.cases.models import Case, Document, Entry
from tillit.consent.models import Choice, ConsentEvent, EventKind
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel import clock
from tillit.parties.models import Relationship
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, declared, judged, once, texts

_TAKEN_BACK = "taken_back"


def _check(context: Context, said: Said) -> Finding:
    now = clock.now()
    with context.scope():
        requests = Case.objects.filter(controller_id=context.id, kind=rights.REQUEST)
        waiting = list(requests.filter(answered_at__isnull=True, closed_at__isnull=True).order_by("due_at"))
        faults = [f"case {one.id}: no answer by {_day(one.due_at)}" for one in waiting if _late(one, now)]
        faults += [fault for one in waiting for fault in _moved(one)]
        faults += _unverified(context.id)
        unanswered = requests.filter(closed_at__isnull=False, answered_at__isnull=True).exclude(outcome=_TAKEN_BACK)
        faults += [f"case {one.id}: closed without an answer" for one in unanswered]
        answered = requests.filter(answered_at__isnull=False)
        late = answered.filter(answered_at__gte=F("due_at")).count()
        evidence: dict[str, int | str] = {"requests": requests.count(), "open": len(waiting), "answered_late": late}
    if waiting and waiting[0].due_at:
        evidence["next_due"] = _day(waiting[0].due_at)
    return judged(faults, **evidence)


def _late(case: Case, now: datetime) -> bool:
    return case.due_at is None or now >= case.due_at


def _day(due: datetime | None) -> str:
    return clock.local_date(due).isoformat() if due else "any day: it has no deadline"


def _moved(case: Case) -> Iterator[str]:
    """Whether the deadline is the one the law and the declaration of that day give, or the interim answer's."""
    declaration = current(controller_id=case.controller_id, on=clock.local_date(case.received_at))
    first, latest = rights.due_at(case.received_at, declaration), rights.latest_due_at(case.received_at, declaration)
    entries = Entry.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("number")
    if case.due_at is not None and case.due_at > first:
        interim = [one for one in entries if one.step == "extended"]
        if not interim or interim[0].at >= first:
            yield f"case {case.id}: the deadline was moved without an interim answer in time"
        elif case.due_at > latest:
            yield f"case {case.id}: the deadline was moved beyond two further months"
    arrival = next(iter(entries), None)
    if arrival is None or arrival.at < case.received_at:
        yield f"case {case.id}: nothing tells that it came in by then"


def _unverified(controller_id: int) -> list[str]:
    """Requests that were carried out, or have a copy of the data, though nobody verified who asked."""
    nobody = Case.objects.filter(controller_id=controller_id, kind=rights.REQUEST, verified_at__isnull=True)
    done = set(nobody.filter(outcome__in=["carried_out", "upheld"]).values_list("id", flat=True))
    copied = Document.objects.filter(controller_id=controller_id, category=category_id("rights_copy"))
    done |= set(nobody.filter(id__in=copied.values("case_id")).values_list("id", flat=True))
    return [f"case {one}: answered, and the identity was never verified" for one in sorted(done)]


def _objections(declaration: Declaration) -> Iterator[Said]:
    text = texts(declaration, "objections", adviser=declared(declaration.rights.objection_decided_by))
    yield Said("rights.objection_decided_by", text)


def _stopped(context: Context, said: Said) -> Finding:
    """While an objection waits for its decision, and after it is upheld, the choice that stops the activity stands."""
    mine = {context.id, holder_of(controller_id=context.id)}
    with context.scope(joint=True):
        cases = Case.objects.filter(
            Q(closed_at__isnull=True) | Q(outcome="upheld"),
            controller_id=context.id,
            kind=rights.REQUEST,
            fields__right="objection",
        )
        named = [
            (case, activity) for case in cases for activity in _named(context.declaration, case.fields["activity"])
        ]
        faults = [
            f"case {case.id}: {activity} goes on though it is objected to"
            for case, activity in named
            if _goes_on(case, activity, mine)
        ]
    return judged(faults, objections=len({case.id for case, _ in named}))


def _goes_on(case: Case, activity: str, controllers: set[int]) -> bool:
    """Whether nothing stops the activity, though the person did not take the objection back and is still related."""
    person = {"subject_id": case.subject_id}
    channels = ("", case.fields.get("channel", ""))
    if not Relationship.objects.filter(**person, controller_id=case.controller_id, ended__isnull=True).exists():
        return False
    taken_back = ConsentEvent.objects.filter(
        **person, activity=activity, kind=EventKind.OBJECTION_LIFTED, at__gte=case.received_at
    )
    stopped = Choice.objects.filter(
        **person, controller_id__in=controllers, activity=activity, channel__in=channels, objected=True
    )
    return not stopped.exists() and not taken_back.exists()


def _named(declaration: Declaration, activity: str) -> list[str]:
    if activity != rights.ALL_MARKETING:
        return [activity]
    return [one.key for one in declaration.activities if vocabulary().activities[one.key].marketing]


KIND = Kind("rights", once("rights", "rights"), _check)
OBJECTIONS = Kind("objections", _objections, _stopped)
