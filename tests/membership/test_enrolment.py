"""A membership as dated rows (B1), on the example unions."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import enrolment, structure
from tillit.membership.enrolment import Terms
from tillit.membership.errors import MembershipError, UnknownStructureError
from tillit.membership.models import EndReason, Membership, UnitKind
from tillit.membership.standing import agreements, history, standing
from tillit.parties.models import Relationship
from tillit.parties.operations import create_subject

pytestmark = pytest.mark.django_db
ACTIVITY = "membership_administration"
JOINED, MOVED, LEFT = date(2020, 3, 1), date(2024, 9, 1), date(2026, 2, 1)


@pytest.fixture
def union() -> Controller:
    controllers = publish_examples("union_benefits")
    for one in (controllers["lyngheim"], controllers["tangvik"]):
        structure.keep_type(controller_id=one.pk, key="A", name="Yrkesaktiv")
        structure.keep_type(controller_id=one.pk, key="P", name="Pensjonist", pays=False)
        structure.keep_unit(controller_id=one.pk, kind=UnitKind.SECTION, key="12", name="Seksjon 12")
        structure.keep_agreement(controller_id=one.pk, key="KOLL-1", name="Kollektiv hjem")
        structure.keep_payers(controller_id=one.pk, numbers=["123 456 785"])
    return controllers["lyngheim"]


def _member(union: Controller, **said: str) -> int:
    with Scope(system("test", {union.pk}), ACTIVITY) as scope:
        subject = create_subject(scope=scope, register_id=union.register_id)
        enrolment.begin(
            scope=scope, subject_id=subject, controller_id=union.pk, terms=Terms("A", **said), joined=JOINED,
            source="union",
        )  # fmt: skip
    return subject


def test_b1_a_membership_is_told_as_it_was_on_each_day(union: Controller) -> None:
    subject = _member(union)
    named = {"subject_id": subject, "controller_id": union.pk}
    with Scope(system("test", {union.pk}), ACTIVITY) as scope:
        enrolment.cover(scope=scope, **named, agreement="KOLL-1", starts=JOINED, source="union")
        terms = Terms("P", section="12", payer="123456785")
        for _ in range(2):  # the second says what stands
            enrolment.change(scope=scope, **named, terms=terms, on=MOVED, source="union", at=clock.now())
        before, after = (standing(**named, on=day) for day in (date(2024, 8, 31), MOVED))
        assert before is not None
        assert (before.type, before.section, before.payer) == ("A", None, None)
        assert after is not None
        assert (after.type, after.section, after.payer) == ("P", "12", "123456785")
        assert (before.joined, after.joined) == (JOINED, JOINED)
        assert [one.agreement.key for one in agreements(**named, on=MOVED)] == ["KOLL-1"]
        assert standing(**named, on=date(2020, 2, 29)) is None
        assert enrolment.end(scope=scope, **named, ends=LEFT, reason=EndReason.RESIGNED, at=clock.now())
        assert not enrolment.end(scope=scope, **named, ends=LEFT, reason=EndReason.RESIGNED, at=clock.now())
        assert standing(**named, on=LEFT) is None
        assert agreements(**named, on=LEFT) == []
        assert [(one.starts, one.ends) for one in history(**named)] == [(JOINED, MOVED), (MOVED, LEFT)]
        tie = Relationship.objects.get(**named)
        assert (tie.started, tie.ended, tie.end_reason) == (JOINED, LEFT, "resigned")
        with pytest.raises(MembershipError, match="no member"):
            enrolment.change(scope=scope, **named, terms=terms, on=LEFT, source="union", at=clock.now())


def test_b1_no_two_stretches_of_a_membership_overlap(union: Controller) -> None:
    subject = _member(union)
    with Scope(system("test", {union.pk}), ACTIVITY) as scope:
        with pytest.raises(MembershipError, match="already"):
            enrolment.begin(
                scope=scope, subject_id=subject, controller_id=union.pk, terms=Terms("A"), joined=MOVED, source="union"
            )
        enrolment.end(
            scope=scope, subject_id=subject, controller_id=union.pk, ends=LEFT, reason=EndReason.UNPAID, at=clock.now()
        )
        row = Membership.objects.get(subject_id=subject)
        row.id, row.starts, row.ends = None, MOVED, LEFT
        row._state.adding = True
        fields = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in {"id", "pk"}}
        with pytest.raises(IntegrityError, match="membership_period_once"), transaction.atomic():
            Membership.objects.create(**fields)


def test_b1_what_a_union_does_not_have_is_refused(union: Controller) -> None:
    with pytest.raises(UnknownStructureError):
        _member(union, section="99")


def test_b1_a_member_of_two_unions_looked_up_by_either_shows_nothing_of_the_other(union: Controller) -> None:
    other = Controller.objects.get(key="tangvik")
    mine, theirs = _member(union, section="12"), _member(other)
    assert mine != theirs
    for one, subject in ((union, mine), (other, theirs)):
        with Scope(system("test", {one.pk}), ACTIVITY):
            assert list(Membership.objects.values_list("subject_id", "controller_id")) == [(subject, one.pk)]
            assert set(Relationship.objects.values_list("controller_id", flat=True)) == {one.pk}
    with Scope(system("test", {union.pk, other.pk}), ACTIVITY):
        assert Membership.objects.count() == 2


def test_b1_who_leaves_is_a_member_of_nothing_any_more(union: Controller) -> None:
    subject, at = _member(union), clock.now()
    on = clock.local_date(at)
    with Scope(system("test", {union.pk}), "register_import"):
        assert standing(subject_id=subject, controller_id=union.pk, on=on) is not None
    leave(subject_id=subject, controller_id=union.pk, at=at)
    with Scope(system("test", {union.pk}), "register_import"):
        row = Membership.objects.get(subject_id=subject)
        assert (row.ends, row.end_reason) == (on, EndReason.RESIGNED)
        assert agreements(subject_id=subject, controller_id=union.pk, on=on) == []
