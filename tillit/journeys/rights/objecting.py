"""Objection (H5, GDPR 21): the processing stops when it comes in; to marketing that is the end of it; of anything else
the privacy adviser decides, and it is taken up again only on compelling grounds or for legal claims.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillit.audit.events import OBJECTION_MADE, OBJECTION_REFUSED
from tillit.audit.operations import append
from tillit.cases import operations
from tillit.cases.models import Case
from tillit.cases.rights import ALL_MARKETING
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.journeys.rights import answers
from tillit.journeys.rights.answers import Item
from tillit.journeys.rights.errors import RequestError
from tillit.kernel import clock
from tillit.kernel.scope import Scope

_SOFT = frozenset({"legitimate_interest", "public_task"})


def objectable(declaration: Declaration) -> list[Activity]:
    """What one may object to: marketing always, else what rests on a legitimate interest or a public task alone."""
    return [one for one in declaration.activities if is_marketing(one.key) or _rests_softly(one)]


def _rests_softly(activity: Activity) -> bool:
    grounds = {basis.ground for basis in activity.basis}
    return bool(grounds & _SOFT) and grounds <= _SOFT | {"consent"}


def is_marketing(activity: str) -> bool:
    """Whether an objection is absolute."""
    return activity == ALL_MARKETING or vocabulary().activities[activity].marketing


def check(*, controller: Controller, stated: Mapping[str, Any]) -> None:
    """Raise `RequestError` `not-objectable` for an objection to what does not rest on the controller's interest."""
    if stated["right"] != "objection":
        return
    declaration, activity = current(controller_id=controller.pk, on=clock.today()), stated.get("activity", "")
    known = {one.key for one in objectable(declaration)}
    if activity not in known and not (activity == ALL_MARKETING and any(is_marketing(one) for one in known)):
        raise RequestError("not-objectable", "one may object to marketing, and to what rests on a legitimate interest")
    channel = stated.get("channel", "")
    found = declaration.activity(activity)
    if channel and not (found and channel in found.channels):
        raise RequestError("not-objectable", "that does not use that channel")


def stop(*, scope: Scope, case: Case, address: str | None, at: datetime, known: bool) -> bool:
    """Stop what is objected to; answer if it is marketing and the person is known, else leave it to the adviser.

    Returns whether it is answered.
    """
    activity, channel = case.fields["activity"], case.fields.get("channel", "")
    stopped = _record(scope, case, EventKind.OBJECTED, at)
    items: list[Item] = [_stopped(one, channel) for one in stopped]
    if is_marketing(activity):
        if not known:
            operations.take(scope=scope, case=case, step="stopped", at=at, details={"activities": stopped})
            return False
        answers.give(scope=scope, case=case, step="answered", outcome="upheld", items=items, at=at, address=address)
        return True
    operations.take(scope=scope, case=case, step="stopped", at=at, details={"activities": stopped})
    operations.take(scope=scope, case=case, step="referred", at=at)
    return False


def decide(*, scope: Scope, case: Case, upheld: bool, text: str, address: str | None, at: datetime) -> None:
    """The adviser's decision on an objection. Refused only with a reason, and never to marketing."""
    activity, channel = case.fields["activity"], case.fields.get("channel", "")
    if not upheld and is_marketing(activity):
        raise RequestError("objection-absolute", "an objection to direct marketing is never refused")
    items: list[Item]
    if upheld:
        items = (
            [{"what": "upheld", "activity": activity}] if not is_marketing(activity) else [_stopped(activity, channel)]
        )
        items.append({"what": "erasure_follows"})
    else:
        _record(scope, case, EventKind.OBJECTION_REFUSED, at)
        items = [{"what": "goes_on", "activity": activity}]
    outcome = "upheld" if upheld else "refused"
    operations.take(scope=scope, case=case, step="decided", at=at, text=text, outcome=outcome)
    answers.give(
        scope=scope, case=case, step="answered", outcome=outcome, items=items, at=at, text=text, address=address
    )


def _stopped(activity: str, channel: str) -> Item:
    if channel:
        return {"what": "stopped", "activity": activity, "channel": channel}
    return {"what": "stopped_all", "activity": activity}


def _record(scope: Scope, case: Case, kind: EventKind, at: datetime) -> list[str]:
    """Record the objection, or its refusal, for every activity it names; their keys."""
    declaration = current(controller_id=case.controller_id, on=clock.today())
    named, channel = case.fields["activity"], case.fields.get("channel", "")
    keys = [one.key for one in objectable(declaration) if is_marketing(one.key)] if named == ALL_MARKETING else [named]
    for key in keys:
        record(
            scope=scope,
            subject_id=case.subject_id,
            controller_id=case.controller_id,
            activity=key,
            kind=kind,
            route=case.channel,
            wording="",
            at=at,
            channel=channel,
            evidence=f"case:{case.id}",
        )
        append(
            type=OBJECTION_MADE if kind is EventKind.OBJECTED else OBJECTION_REFUSED,
            scope=scope,
            controller=case.controller_id,
            subject=case.subject_id,
            details={"purpose": key, "channel": channel or "all"},
        )
    return keys
