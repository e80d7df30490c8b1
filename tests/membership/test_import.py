"""A union's file becomes its register, and the same file again does nothing (B1)."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.union import joined_again, lines_of, subject_of, take, write
from tillit.declaration.models import Controller
from tillit.journeys.demo import union_members
from tillit.journeys.demo.union_members import Change
from tillit.journeys.leave import leave
from tillit.journeys.register import reading
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import Cover, FileLayout, Membership
from tillit.membership.standing import history
from tillit.parties import protection
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.parties.operations import open_fact, record_fact, retire_fact

pytestmark = pytest.mark.django_db


def test_b1_a_file_becomes_the_register_and_again_changes_nothing(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=300)
    done = take(path, union)
    assert (done.difference.joins, done.quarantined) == (300, 0)
    assert done.described == "CSV, utf-8, semicolon, 14 columns, dates as 01.03.2026"
    with Scope(system("test", {union.pk}), "register_import") as scope:
        assert Membership.objects.filter(ends=None, listed__isnull=False).count() == 300
        assert Relationship.objects.filter(kind="member", ended=None).count() == 300
        assert Cover.objects.count() == 375
        assert Fact.objects.count() == 2400
        assert set(Fact.objects.values_list("source", "collected_under")) == {("union", "register_import")}
        sealed = SealedFact.objects.all()[0]
        born = Fact.objects.get(subject_id=sealed.subject_id, kind="birth_date").value
        number = open_fact(scope=scope, fact=sealed)
        assert (number[:2], int(number[2:4]) - 80, number[4:6]) == (born[8:], int(born[5:7]), born[2:4])
        before = _everything()
    again = take(path, union).difference
    assert (again.unchanged, again.joins, again.changed, again.ending) == (300, 0, 0, 0)
    with Scope(system("test", {union.pk}), "register_import"):
        assert _everything() == before


def test_b1_the_same_file_is_not_read_again_as_long_as_the_register_stands_as_it_left_it(
    union: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=40)
    take(path, union)
    reads: list[bool] = []
    whole = reading.read
    monkeypatch.setattr(reading, "read", lambda **how: reads.append(True) or whole(**how))
    again = take(path, union).difference
    assert (again.rows, again.unchanged, again.ending, len(reads)) == (40, 40, 0, 0)
    leave(subject_id=subject_of(union, 7), controller_id=union.pk, at=clock.now(), reason="unpaid")
    told = take(path, union).difference
    assert (told.unchanged, told.returns, len(reads)) == (39, 1, 1), "somebody left meanwhile, and is in the file"
    assert take(path, union).difference.unchanged == 40
    assert len(reads) == 1
    FileLayout.objects.create(controller=union, last_day=False)
    assert take(path, union).difference.unchanged == 40
    assert len(reads) == 2, "its rows mean something else now"
    fewer = write(tmp_path / "fewer.csv", [*lines_of(path)[:-1], lines_of(path)[-1].replace(";KH", ";XX")])
    for times in (3, 4):
        assert take(fewer, union).quarantined == 1
        assert len(reads) == times, "one of its rows does not stand"


def test_b1_the_same_bytes_in_another_encoding_are_another_file(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=5)
    lines = lines_of(path)
    lines[0] = lines[0].replace("Fødsels", "Fodsels").replace("Kjønn", "Kjonn")
    family = lines[3].split(";")[3]
    lines[3] = lines[3].replace(f";{family};", ";Brådland;", 1)
    write(path, lines)
    assert take(path, union, encoding="cp1252", approve=True).quarantined == 0
    somebody = subject_of(union, 3)

    def named() -> str:
        with Scope(system("test", {union.pk}), "retention"):
            return Fact.objects.get(subject_id=somebody, kind="name.family", superseded_at=None).value

    assert named() == "BrÃ¥dland", "whoever sent it said the wrong thing"
    told = take(path, union, encoding="utf-8", approve=True).difference
    assert (told.unchanged + told.changed, told.joins, told.ending) == (5, 0, 0)
    assert named() == "Brådland"
    assert take(path, union).difference.unchanged == 5


def _everything() -> list[list[dict[str, object]]]:
    models = (Membership, Cover, Fact, SealedFact, Relationship)
    return [list(model._default_manager.order_by("subject_id", "id").values()) for model in models]


def test_b1_what_changed_is_changed_from_today_and_what_it_was_stays_to_be_seen(
    union: Controller, tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=60)
    take(path, union)
    lines = lines_of(path)
    lines[5] = lines[5].replace(";S06;", ";S07;").replace(";KH;", ";KG;")  # another section, another agreement
    assert "S07" in lines[5]
    with clock.travel(clock.now() + timedelta(days=10)):
        done = take(write(tmp_path / "later.csv", lines), union)
        assert (done.difference.changed, done.difference.fields) == (1, {"section": 1})
        on = clock.today()
    subject = subject_of(union, 5)
    with Scope(system("test", {union.pk}), "register_import"):
        rows = history(subject_id=subject, controller_id=union.pk)
        assert [(one.section, one.ends) for one in rows] == [("S06", on), ("S07", None)]
        assert rows[0].joined == rows[1].joined < rows[1].starts == on
        covers = Cover.objects.filter(subject_id=subject).order_by("starts")
        assert [(one.agreement.key, one.ends) for one in covers] == [("KH", on), ("KG", None)]


def test_b1_what_the_member_said_is_not_replaced_by_a_file(union: Controller, tmp_path: Path) -> None:
    take(union_members.write(tmp_path / "all.csv", members=20), union)
    subject = subject_of(union, 10)
    with Scope(system("test", {union.pk}), "register_import"):
        Fact.objects.filter(subject_id=subject, kind="address.street").update(source="data_subject", value="Min vei 1")
    done = take(union_members.write(tmp_path / "l.csv", members=20, change=Change(5)), union).difference
    assert (done.fields, done.kept) == ({"address.street": 3}, {"address.street": 1})
    with Scope(system("test", {union.pk}), "register_import"):
        assert Fact.objects.get(subject_id=subject, kind="address.street").value == "Min vei 1"


def test_a7_no_file_puts_a_protected_or_retired_address_back_in_clear(union: Controller, tmp_path: Path) -> None:
    """Protected, emigrated, retired for another reason, and protected before they left and came back."""
    path = union_members.write(tmp_path / "all.csv", members=20)
    take(path, union)
    people = protected, retired, emigrated, left = [subject_of(union, n) for n in (5, 7, 9, 11)]
    parts = ["address.city", "address.postal_code", "address.street"]
    assert _clear(union, people) == sorted((one, kind) for one in people for kind in parts)
    where = {"controller_id": union.pk, "at": clock.now()}
    with Scope(system("test", {union.pk}), "membership_administration", frozenset(people)) as scope:
        for one in (protected, left):
            protection.protect(scope=scope, subject_id=one, **where, level="confidential", source="data_subject")
        for kind in parts:
            retire_fact(scope=scope, subject_id=emigrated, **where, kind=kind)
        record_fact(
            scope=scope, subject_id=emigrated, **where, category="contact", kind="emigrated", value="unknown",
            source="population_register",
        )  # fmt: skip
        retire_fact(scope=scope, subject_id=retired, **where, kind="address.street")
    leave(subject_id=left, controller_id=union.pk, at=clock.now())
    with clock.travel(clock.now() + timedelta(days=3)):
        lines = joined_again(path, 11, clock.today())
        for n in (5, 7, 9):
            lines[n] = _moved(lines[n])
        done = take(write(tmp_path / "later.csv", lines), union).difference
        assert (done.changed, done.returns, done.reasons) == (3, 1, {})
        assert done.kept == {"address.city": 2, "address.postal_code": 2, "address.street": 3}
        assert done.fields == {"section": 3}
    assert _clear(union, people) == [(retired, "address.city"), (retired, "address.postal_code")]


def _moved(line: str) -> str:
    """The row with its member in another section."""
    section = re.search(r";S(\d\d);", line)[1]
    return line.replace(f";S{section};", ";S01;" if section != "01" else ";S02;")


def _clear(union: Controller, people: list[int]) -> list[tuple[int, str]]:
    """Parts of addresses that stand in clear, of whom."""
    with Scope(system("test", {union.pk}), "retention"):
        rows = Fact.objects.filter(subject_id__in=people, kind__in=protection.PARTS, superseded_at=None)
        return sorted(rows.values_list("subject_id", "kind"))


def test_b1_a_file_that_ends_too_many_waits_until_it_is_approved(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=100)
    take(path, union)
    fewer = union_members.write(tmp_path / "fewer.csv", members=90)
    assert take(fewer, union, dry_run=True).waiting
    done = take(fewer, union)
    assert (done.waiting, done.difference.ending) == (True, 10)
    assert done.file is not None
    assert done.file.state == "waiting"
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 100
    approved = take(fewer, union, approve=True)
    assert not approved.waiting
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 90
        gone = Relationship.objects.filter(ended=clock.today())
        assert set(gone.values_list("end_reason", flat=True)) == {"not_listed"}
        assert not Cover.objects.filter(subject_id__in=gone.values("subject_id"), ends=None).exists()
    few = union_members.write(tmp_path / "few.csv", members=88)
    assert not take(few, union).waiting  # two of ninety are within the share
    assert take(few, union, full=False).difference.ending == 0


def test_b1_a_transfer_leaves_each_union_what_it_wrote_itself(unions: dict[str, Controller], tmp_path: Path) -> None:
    one, other = unions["lyngheim"], unions["tangvik"]
    path = union_members.write(tmp_path / "all.csv", members=30)
    take(path, one)
    head, *rows = (line.rstrip("\n") for line in lines_of(path))
    out = [f"{head};utmeldt;overført_til\n", f"{rows[0]};{clock.today() - timedelta(days=1):%d.%m.%Y};Tangvik\n"]
    left = take(write(tmp_path / "out.csv", out), one, full=False)
    assert (left.difference.ends, left.difference.moved_out) == (1, 1)
    came = [f"{head};overført_fra\n", f"{rows[0].replace('10000001', 'T-77')};Lyngheim\n"]
    joined = take(write(tmp_path / "in.csv", came), other, full=False)
    assert (joined.difference.joins, joined.difference.moved_in) == (1, 1)
    for union, expected in ((one, ("", "Tangvik")), (other, ("Lyngheim", ""))):
        with Scope(system("test", {union.pk}), "register_import"):
            found = Membership.objects.exclude(moved_from="", moved_to="").get()
            assert (found.moved_from, found.moved_to) == expected
            assert set(Fact.objects.values_list("controller_id", flat=True)) == {union.pk}
    with Scope(system("test", {one.pk}), "register_import"):
        row = Membership.objects.get(moved_to="Tangvik")
        assert (row.ends, row.end_reason) == (clock.today(), "transferred")


def test_b1_a_restricted_member_is_left_as_they_are(union: Controller, tmp_path: Path) -> None:
    from tillit.consent import operations as consent

    take(union_members.write(tmp_path / "all.csv", members=10), union)
    subject = subject_of(union, 5)
    with Scope(system("test", {union.pk}), "rights_requests", frozenset({subject})) as scope:
        consent.restrict(scope=scope, subject_id=subject, controller_id=union.pk, ground="accuracy", at=clock.now())
    done = take(union_members.write(tmp_path / "l.csv", members=10, change=Change(5)), union).difference
    assert (done.restricted, done.changed) == (1, 1)


def test_b1_a_member_of_two_unions_looked_up_by_either_shows_nothing_of_the_other(
    unions: dict[str, Controller], tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=5)
    for one in ("lyngheim", "tangvik"):
        take(path, unions[one])
    people = {one: subject_of(unions[one], 3) for one in ("lyngheim", "tangvik")}
    assert people["lyngheim"] != people["tangvik"]
    for one, subject in people.items():
        with Scope(system("test", {unions[one].pk}), "register_import"):
            assert Membership.objects.count() == 5
            for model in (Membership, Cover, Fact, SealedFact, Relationship):
                assert set(model._default_manager.values_list("controller_id", flat=True)) == {unions[one].pk}
                assert subject in set(model._default_manager.values_list("subject_id", flat=True))
    listed = [set(_listed(unions[one])) for one in people]
    assert not listed[0] & listed[1]  # the same row of two unions: no digest can join them


def _listed(union: Controller) -> list[object]:
    with Scope(system("test", {union.pk}), "register_import"):
        return list(Membership.objects.values_list("listed", flat=True))


def test_b1_a_person_is_found_by_either_number_and_two_people_are_never_one(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=20)
    take(path, union)
    lines = lines_of(path)
    lines[3] = lines[3].replace("10000003", "A-3")  # another member number
    cells = lines[8].split(";")
    lines[8] = ";".join([lines[9].split(";")[0], *cells[1:]])  # the number of one, the national number of another
    lines[9] = lines[10]
    done = take(write(tmp_path / "mixed.csv", lines[:12]), union, full=False)
    assert done.difference.reasons == {"number-of-another": 1, "member-number-doubled": 1}
    assert done.difference.fields == {"member_number": 1}
    with Scope(system("test", {union.pk}), "register_import"):
        assert Fact.objects.filter(kind="member_number", value="A-3", superseded_at=None).count() == 1
        assert Membership.objects.filter(ends=None).count() == 20
    assert date(2026, 1, 1) < clock.today()
