"""Holds (D11): a claim, a dispute or an order keeps what it concerns past its time, until released; then the ordinary
disposal resumes by itself. A restore places and releases them again: the journal holds a copy of each.

A claim or dispute holds the categories that the declaration says it does. An order of a court or an authority is law
and may hold any category, or all; where it forbids telling of it, the person is told only that the law keeps the rows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import category_id, category_key, vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import journal
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.privacy import events
from tillit.privacy.errors import HoldRefusedError
from tillit.privacy.models import Hold, HoldReason


@dataclass(frozen=True)
class Held:
    """A hold as it stands. `categories`: vocabulary keys; empty for every one. `released`: None while it stands."""

    id: int
    subject_id: int
    controller_id: int
    categories: tuple[str, ...]
    reason: str
    reference: str
    told: bool
    since: datetime
    released: datetime | None
    until: date | None = None
    case_id: int | None = None


def place(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    reason: str,
    at: datetime,
    categories: Collection[str] | None = None,
    reference: str = "",
    told: bool = True,
    until: date | None = None,
    case_id: int | None = None,
) -> Held:
    """Keep the person's rows of the categories until the hold is released. The same matter again: the hold that stands,
    with the new `until` if one is given. A matter is known by its number, its case, and whether the person is told of
    it; without number and case it is always another one, so that the end of one never lets go of what another needs.

    `reason`: claim, dispute or legal_order. `categories`: None for all that the reason may hold (a claim or dispute:
    those the declaration names; an order: every one). `reference`: the matter's number. `until`: when to
    look at it again. `case_id`: the person's case whose closing releases it. The scope is for an activity
    that records rights cases (`rights_requests`). Raises `HoldRefusedError` for what may not be held,
    `UnknownSubjectError` for nobody.
    """
    if reason not in HoldReason.values:
        raise HoldRefusedError("hold-reason", f"a hold's reason is one of {', '.join(HoldReason.values)}")
    if not told and reason != HoldReason.LEGAL_ORDER:
        raise HoldRefusedError("hold-told", "only an order of court or authority may be kept from the person")
    keys = _categories(controller_id, reason, categories, clock.local_date(at))
    state = lock_subject(scope=scope, subject_id=subject_id)
    same = Hold.objects.filter(
        subject_id__in=same_person(subject_id),
        controller_id=controller_id,
        reason=reason,
        reference=reference,
        case_id=case_id,
        told=told,
        released__isnull=True,
        categories=[category_id(key) for key in keys],
    )
    standing = same.first() if reference or case_id is not None else None
    if standing is not None:
        if until is not None and standing.until != until:
            standing.until = until
            Hold.objects.filter(subject_id=standing.subject_id, id=standing.id).update(until=until)
            journal.remember(scope=scope, rows=[standing], at=at)
        return _told(standing)
    hold = Hold.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        categories=[category_id(key) for key in keys],
        reason=reason,
        reference=reference,
        told=told,
        since=at,
        until=until,
        case_id=case_id,
    )
    details = {"hold": hold.id, "reason": reason, "categories": keys, "told": told}
    append(type=events.HOLD_PLACED, scope=scope, controller=controller_id, subject=subject_id, at=at, details=details)
    journal.remember(scope=scope, rows=[hold], at=at)
    return _told(hold)


def release(*, scope: Scope, subject_id: int, hold_id: int, at: datetime) -> Held:
    """End the hold: the matter is finally closed. What is past its time goes with the next run. Again: nothing more.

    Raises `HoldRefusedError` when the scope sees no such hold.
    """
    lock_subject(scope=scope, subject_id=subject_id)
    hold = Hold.objects.filter(subject_id__in=same_person(subject_id), id=hold_id).first()
    if hold is None:
        raise HoldRefusedError("hold-unknown", "there is no such hold")
    if hold.released is None:
        hold.released = max(at, hold.since)
        Hold.objects.filter(subject_id=hold.subject_id, id=hold_id).update(released=hold.released)
        append(
            type=events.HOLD_LIFTED,
            scope=scope,
            controller=hold.controller_id,
            subject=subject_id,
            at=hold.released,
            details={"hold": hold.id, "reason": hold.reason, "told": hold.told},
        )
        journal.remember(scope=scope, rows=[hold], at=hold.released)
    return _told(hold)


def release_of_case(*, subject_id: int, controller_id: int, case_id: int, at: datetime) -> int:
    """The case is finally closed: the holds that were for it end with it (D11); how many. Opens its own scope."""
    everyone = {controller_id, holder_of(controller_id=controller_id)}
    with Scope(system("holds", everyone), "rights_requests", frozenset({subject_id})) as scope:
        mine = Hold.objects.filter(subject_id__in=same_person(subject_id), case_id=case_id, released__isnull=True)
        ids = list(mine.values_list("id", flat=True))
        for hold_id in ids:
            release(scope=scope, subject_id=subject_id, hold_id=hold_id, at=at)
    return len(ids)


def listed(*, subject_id: int | None = None, standing: bool = True) -> list[Held]:
    """The holds that the open scope sees, oldest first; `standing`: only those that have not been released."""
    found = Hold.objects.order_by("since", "id")
    if subject_id is not None:
        found = found.filter(subject_id__in=same_person(subject_id))
    if standing:
        found = found.filter(released__isnull=True)
    return [_told(hold) for hold in found]


def _categories(controller_id: int, reason: str, asked: Collection[str] | None, on: date) -> list[str]:
    """The categories to hold, in the vocabulary's order; empty for every one."""
    words = vocabulary().categories
    if unknown := sorted(set(asked or ()) - set(words)):
        raise HoldRefusedError("hold-category", f"there is no category {', '.join(unknown)}")
    if reason != HoldReason.LEGAL_ORDER:
        declared = current(controller_id=controller_id, on=on)
        may = {category for hold in declared.holds for category in hold.categories}
        if not may:
            name = Controller.objects.get(pk=controller_id).key
            raise HoldRefusedError("hold-undeclared", f"the declaration of {name} promises no hold for a {reason}")
        if beyond := sorted(set(asked or ()) - may):
            raise HoldRefusedError("hold-undeclared", f"a {reason} does not hold {', '.join(beyond)}")
        asked = asked or may
    return [key for key in words if key in set(asked or ())]


def _told(hold: Hold) -> Held:
    return Held(
        hold.id,
        hold.subject_id,
        hold.controller_id,
        tuple(category_key(number) for number in hold.categories),
        hold.reason,
        hold.reference,
        hold.told,
        hold.since,
        hold.released,
        hold.until,
        hold.case_id,
    )
