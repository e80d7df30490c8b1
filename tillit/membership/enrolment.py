"""Being a member of a union: begin, change, end, begin again; and the agreements that cover a member (B1, B7).

Within an open scope that may write `membership` (and `insurance_agreement`). One person at a time; files are taken in
by the set (`journeys.register`), with the same rows as outcome. Days are half-open: an end is the first day after.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from tillit.kernel.scope import Scope
from tillit.membership import structure
from tillit.membership.errors import MembershipError
from tillit.membership.models import (
    CollectiveAgreement,
    Cover,
    EndReason,
    Membership,
    MembershipType,
    Payer,
    Unit,
    UnitKind,
)
from tillit.parties import journal
from tillit.parties.models import Relationship
from tillit.parties.operations import end_relationship, lock_subject, relate


@dataclass(frozen=True)
class Terms:
    """What a membership consists of, in the union's keys. `payer`: organisation number, None where the member pays."""

    type: str
    section: str | None = None
    workplace: str | None = None
    payer: str | None = None


def begin(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    terms: Terms,
    joined: date,
    source: str,
    starts: date | None = None,
    moved_from: str = "",
) -> Membership:
    """The person becomes a member from `starts` (default: `joined`, the day the union counts from).

    Raises `MembershipError` `member-already`, and `UnknownStructureError`.
    """
    state = lock_subject(scope=scope, subject_id=subject_id)
    first = starts or joined
    if _open(subject_id, controller_id) is not None:
        raise MembershipError("member-already", "that person is a member already")
    relate(scope=scope, subject_id=subject_id, controller_id=controller_id, kind="member", started=first)
    return Membership.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        joined=joined,
        starts=first,
        moved_from=moved_from,
        source=source,
        collected_under=scope.activity,
        **_ids(controller_id, terms),
    )


def change(
    *, scope: Scope, subject_id: int, controller_id: int, terms: Terms, on: date, source: str, at: datetime
) -> Membership:
    """From `on` the membership consists of `terms`; the row that stands is returned when it says so already.

    A change on the day the row begins replaces what that row says. Raises `MembershipError`: `no-member`,
    `before-start`.
    """
    state = lock_subject(scope=scope, subject_id=subject_id)
    row = _standing(subject_id, controller_id, on)
    ids = _ids(controller_id, terms)
    if all(getattr(row, name) == value for name, value in ids.items()):
        return row
    if row.starts == on:
        Membership.objects.filter(subject_id=subject_id, id=row.id).update(**ids, source=source)
        row.refresh_from_db()
        journal.remember(scope=scope, rows=[row], at=at)
        return row
    listed, joined = row.listed, row.joined
    row.ends, row.end_reason, row.listed = on, EndReason.CHANGED, None
    row.save(update_fields=["ends", "end_reason", "listed"])
    made = Membership.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        joined=joined,
        starts=on,
        source=source,
        collected_under=scope.activity,
        listed=listed,
        **ids,
    )
    journal.remember(scope=scope, rows=[row], at=at)
    return made


def end(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    ends: date,
    reason: EndReason,
    at: datetime,
    moved_to: str = "",
) -> bool:
    """The membership ends, with the agreements that covered it; whether there was one. `ends`: the first day after."""
    lock_subject(scope=scope, subject_id=subject_id)
    row = _open(subject_id, controller_id)
    if row is not None:
        row.ends, row.end_reason, row.moved_to, row.listed = max(ends, row.starts), reason, moved_to, None
        row.save(update_fields=["ends", "end_reason", "moved_to", "listed"])
        journal.remember(scope=scope, rows=[row], at=at)
    uncover(scope=scope, subject_id=subject_id, controller_id=controller_id, ends=ends, at=at)
    tie = Relationship.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind="member", ended__isnull=True
    ).first()
    if tie is not None:
        ended = max(ends, tie.started)
        end_relationship(
            scope=scope, subject_id=subject_id, controller_id=controller_id, kind="member", ended=ended, reason=reason
        )
    return row is not None or tie is not None


def cover(*, scope: Scope, subject_id: int, controller_id: int, agreement: str, starts: date, source: str) -> Cover:
    """A collective agreement covers the person from `starts`; the cover that stands is returned. Raises
    `UnknownStructureError`.
    """
    state = lock_subject(scope=scope, subject_id=subject_id)
    named = structure.find(CollectiveAgreement, controller_id=controller_id, key=agreement)
    mine = {"subject_id": subject_id, "controller_id": controller_id, "agreement_id": named}
    standing = Cover.objects.filter(**mine, ends__isnull=True).first()
    if standing is not None:
        return standing
    return Cover.objects.create(**mine, state=state, starts=starts, source=source, collected_under=scope.activity)


def uncover(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    ends: date,
    at: datetime,
    agreements: Iterable[str] | None = None,
) -> int:
    """Agreements (None: all) cover the person no more from `ends`; how many did."""
    lock_subject(scope=scope, subject_id=subject_id)
    rows = Cover.objects.filter(subject_id=subject_id, controller_id=controller_id, ends__isnull=True)
    if agreements is not None:
        rows = rows.filter(agreement__key__in=list(agreements))
    ending = list(rows)
    for row in ending:
        row.ends = max(ends, row.starts)
        row.save(update_fields=["ends"])
    journal.remember(scope=scope, rows=ending, at=at)
    return len(ending)


def _open(subject_id: int, controller_id: int) -> Membership | None:
    return Membership.objects.filter(subject_id=subject_id, controller_id=controller_id, ends__isnull=True).first()


def _standing(subject_id: int, controller_id: int, on: date) -> Membership:
    row = _open(subject_id, controller_id)
    if row is None:
        raise MembershipError("no-member", "that person is no member")
    if on < row.starts:
        raise MembershipError("before-start", "the membership has a later change already")
    return row


def _ids(controller_id: int, terms: Terms) -> dict[str, int | None]:
    """The columns of a membership row that say what it consists of."""
    union = {"controller_id": controller_id}
    return {
        "type_id": structure.find(MembershipType, **union, key=terms.type),
        "section_id": _unit(controller_id, UnitKind.SECTION, terms.section),
        "workplace_id": _unit(controller_id, UnitKind.WORKPLACE, terms.workplace),
        "payer_id": structure.find(Payer, **union, number=terms.payer) if terms.payer else None,
    }


def _unit(controller_id: int, kind: UnitKind, key: str | None) -> int | None:
    return structure.find(Unit, controller_id=controller_id, kind=kind, key=key) if key else None
