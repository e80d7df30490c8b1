"""Who left and is in a union's file again: what comes back, and who does not (B7)."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.union import joined_again, lines_of, stands, subject_of, take, write
from tillit.declaration.models import Controller
from tillit.journeys.deceased import record_death, undo_death
from tillit.journeys.demo import union_members
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import enrolment
from tillit.membership.models import EndReason, Membership
from tillit.membership.standing import history, standing
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.privacy import archive, retention

pytestmark = pytest.mark.django_db


def test_b7_who_is_back_in_a_file_gets_back_what_was_archived(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=40)
    take(path, union)
    take(union_members.write(tmp_path / "fewer.csv", members=39), union)
    subject, left = subject_of(union, 40), clock.today()
    with clock.travel(clock.now() + timedelta(days=400)):
        retention.run()
        with Scope(system("test", {union.pk}), "register_import"):
            assert not Fact.objects.filter(subject_id=subject).exists()
        with Scope(system("test", {union.pk}), "rejoining"):
            assert Fact.objects.filter(subject_id=subject).count() == 8
        done = take(path, union)
        assert (done.difference.returns, done.difference.joins) == (1, 0)
        with Scope(system("test", {union.pk}), "register_import"):
            assert Fact.objects.filter(subject_id=subject, superseded_at=None).count() == 8
            rows = history(subject_id=subject, controller_id=union.pk)
            assert [(one.starts, one.ends) for one in rows] == [(rows[0].joined, left), (left, None)]
            assert SealedFact.objects.filter(subject_id=subject).count() == 1
    assert archive.REJOINING == "rejoining"


def test_b7_who_left_of_their_own_accord_is_not_brought_back_by_an_old_row(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=20)
    take(path, union)
    subject, dead, resigned = (subject_of(union, n) for n in (7, 9, 11))
    assert stands(union, subject)[0] == [("", True)]
    assert stands(union, subject)[1]
    leave(subject_id=subject, controller_id=union.pk, at=clock.now(), reason="own_wish")
    record_death(
        actor=system("registers", {union.pk}), controller=union, subject_id=dead, day=clock.today(),
        source="population_register", at=clock.now(),
    )  # fmt: skip
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        enrolment.end(
            scope=scope, subject_id=resigned, controller_id=union.pk, ends=clock.today(), at=clock.now(),
            reason=EndReason.RESIGNED,
        )  # fmt: skip
    assert stands(union, subject) == ([("resigned", False)], 0)
    assert stands(union, dead) == ([("died", False)], 0)
    done = take(path, union)
    assert (done.difference.reasons, done.difference.returns, done.difference.ending) == ({"left-since": 3}, 0, 0)
    assert stands(union, subject) == ([("resigned", False)], 0)
    with clock.travel(clock.now() + timedelta(days=10)):
        lines = joined_again(path, 7, clock.today())
        assert take(write(tmp_path / "new.csv", lines), union).difference.returns == 1
        with Scope(system("test", {union.pk}), "register_import"):
            now = standing(subject_id=subject, controller_id=union.pk, on=clock.today())
            assert now is not None
            assert now.joined == now.starts == clock.today()
            tie = Relationship.objects.get(subject_id=subject, ended=None)
            assert tie.started == clock.today()
        assert stands(union, subject)[0] == [("resigned", False), ("", True)]


def test_b7_a_death_that_was_none_opens_the_membership_again(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=10)
    take(path, union)
    subject = subject_of(union, 5)
    before = stands(union, subject)
    assert before[1]
    told = {"actor": system("registers", {union.pk}), "controller": union, "subject_id": subject, "at": clock.now()}
    record_death(**told, day=clock.today() - timedelta(days=40), source="population_register")
    assert stands(union, subject) == ([("died", False)], 0)
    undo_death(**told)
    assert stands(union, subject) == ([("", False)], before[1])
    head, *rows = lines_of(path)
    assert take(write(tmp_path / "again.csv", [head, *reversed(rows)]), union).difference.unchanged == 10
    assert stands(union, subject) == before


def test_b7_rows_left_open_or_ended_later_than_the_membership_stop_nobody_from_coming_back(
    union: Controller, tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=20)
    take(path, union)
    one, two = subject_of(union, 5), subject_of(union, 7)
    with Scope(system("test", {union.pk}), "retention"):  # as an older version left them
        day = clock.today() - timedelta(days=5)
        Relationship.objects.filter(subject_id__in=[one, two]).update(ended=day, end_reason="own_wish")
        Membership.objects.filter(subject_id=two).update(ends=clock.today(), end_reason="resigned", listed=None)
        Membership.objects.filter(subject_id=one).update(listed=None)
    lines = joined_again(path, 5, day)
    lines[7] = joined_again(path, 7, day)[7]
    done = take(write(tmp_path / "new.csv", lines), union)
    assert (done.difference.returns, done.difference.reasons) == (2, {})
    with Scope(system("test", {union.pk}), "register_import"):
        starts = {s: standing(subject_id=s, controller_id=union.pk, on=clock.today()).starts for s in (one, two)}
    assert starts == {one: day, two: clock.today()}
