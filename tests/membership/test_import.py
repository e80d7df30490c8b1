"""A union's file becomes its register, and the same file again does nothing (B1, B7)."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from tests.support import damaged
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.files.errors import FileRefusedError
from tillit.journeys.deceased import record_death, undo_death
from tillit.journeys.demo import union_members
from tillit.journeys.demo.union_members import Change
from tillit.journeys.leave import leave
from tillit.journeys.register import quarantined
from tillit.journeys.register.importing import Outcome, import_file
from tillit.journeys.register.replaying import replay
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import enrolment, register_files
from tillit.membership.models import Cover, EndReason, FileLayout, Membership, QuarantinedMember
from tillit.membership.standing import history, standing
from tillit.parties import protection
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.parties.operations import open_fact, record_fact, retire_fact
from tillit.privacy import archive, retention

pytestmark = pytest.mark.django_db


@pytest.fixture
def unions() -> dict[str, Controller]:
    found = publish_examples("union_benefits")
    for one in ("lyngheim", "tangvik"):
        union_members.found(controller_id=found[one].pk)
    return found


@pytest.fixture
def union(unions: dict[str, Controller]) -> Controller:
    return unions["lyngheim"]


def _take(path: Path, union: Controller, *, full: bool = True, **how: bool) -> Outcome:
    return import_file(path=path, controller=union, full=full, **how)


def _rows(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines(keepends=True)


def _write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(lines), "utf-8")
    return path


def _subject(union: Controller, number: int) -> int:
    with Scope(system("test", {union.pk}), "retention"):
        return Fact.objects.get(controller_id=union.pk, kind="member_number", value=str(10_000_000 + number)).subject_id


def test_b1_a_file_becomes_the_register_and_again_changes_nothing(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=300)
    done = _take(path, union)
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
    again = _take(path, union).difference
    assert (again.unchanged, again.joins, again.changed, again.ending) == (300, 0, 0, 0)
    with Scope(system("test", {union.pk}), "register_import"):
        assert _everything() == before


def _everything() -> list[list[dict[str, object]]]:
    models = (Membership, Cover, Fact, SealedFact, Relationship)
    return [list(model._default_manager.order_by("subject_id", "id").values()) for model in models]


def test_b1_what_changed_is_changed_from_today_and_what_it_was_stays_to_be_seen(
    union: Controller, tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=60)
    _take(path, union)
    lines = _rows(path)
    lines[5] = lines[5].replace(";S06;", ";S07;").replace(";KH;", ";KG;")  # another section, another agreement
    assert "S07" in lines[5]
    with clock.travel(clock.now() + timedelta(days=10)):
        done = _take(_write(tmp_path / "later.csv", lines), union)
        assert (done.difference.changed, done.difference.fields) == (1, {"section": 1})
        on = clock.today()
    subject = _subject(union, 5)
    with Scope(system("test", {union.pk}), "register_import"):
        rows = history(subject_id=subject, controller_id=union.pk)
        assert [(one.section, one.ends) for one in rows] == [("S06", on), ("S07", None)]
        assert rows[0].joined == rows[1].joined < rows[1].starts == on
        covers = Cover.objects.filter(subject_id=subject).order_by("starts")
        assert [(one.agreement.key, one.ends) for one in covers] == [("KH", on), ("KG", None)]


def test_b1_what_the_member_said_is_not_replaced_by_a_file(union: Controller, tmp_path: Path) -> None:
    _take(union_members.write(tmp_path / "all.csv", members=20), union)
    subject = _subject(union, 10)
    with Scope(system("test", {union.pk}), "register_import"):
        Fact.objects.filter(subject_id=subject, kind="address.street").update(source="data_subject", value="Min vei 1")
    done = _take(union_members.write(tmp_path / "l.csv", members=20, change=Change(5)), union).difference
    assert (done.fields, done.kept) == ({"address.street": 3}, {"address.street": 1})
    with Scope(system("test", {union.pk}), "register_import"):
        assert Fact.objects.get(subject_id=subject, kind="address.street").value == "Min vei 1"


def test_a7_no_file_puts_a_protected_or_retired_address_back_in_clear(union: Controller, tmp_path: Path) -> None:
    """Protected, emigrated, retired for another reason, and protected before they left and came back."""
    path = union_members.write(tmp_path / "all.csv", members=20)
    _take(path, union)
    people = protected, retired, emigrated, left = [_subject(union, n) for n in (5, 7, 9, 11)]
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
        lines = _joined_again(path, 11, clock.today())
        for n in (5, 7, 9):
            lines[n] = _moved(lines[n])
        done = _take(_write(tmp_path / "later.csv", lines), union).difference
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
    _take(path, union)
    fewer = union_members.write(tmp_path / "fewer.csv", members=90)
    assert _take(fewer, union, dry_run=True).waiting
    done = _take(fewer, union)
    assert (done.waiting, done.difference.ending) == (True, 10)
    assert done.file is not None
    assert done.file.state == "waiting"
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 100
    approved = _take(fewer, union, approve=True)
    assert not approved.waiting
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 90
        gone = Relationship.objects.filter(ended=clock.today())
        assert set(gone.values_list("end_reason", flat=True)) == {"not_listed"}
        assert not Cover.objects.filter(subject_id__in=gone.values("subject_id"), ends=None).exists()
    few = union_members.write(tmp_path / "few.csv", members=88)
    assert not _take(few, union).waiting  # two of ninety are within the share
    assert _take(few, union, full=False).difference.ending == 0


def test_b1_a_shifted_file_makes_nobody_somebody_else(union: Controller, tmp_path: Path) -> None:
    """Member numbers moved down by a row, without national numbers: refused by birth date, and by name it waits."""
    path = union_members.write(tmp_path / "all.csv", members=20)
    _take(path, union)
    head, *rows = [line.rstrip("\n").split(";") for line in _rows(path)]
    with Scope(system("test", {union.pk}), "retention"):
        facts = Fact.objects.filter(kind="birth_date").values_list("subject_id", "value")
        born = {subject: date.fromisoformat(value) for subject, value in facts}
        before = list(Fact.objects.order_by("subject_id", "id").values_list("value", "superseded_at"))
    days = [f"{born[_subject(union, n)]:%d.%m.%Y}" for n in range(1, 21)]
    assert len(set(days)) == 20
    shifted = [[rows[(n + 1) % 20][0], days[n], *rows[n][2:]] for n in range(20)]
    named = [name if name != "Fødselsnummer" else "Fødselsdato" for name in head]
    text = [";".join(row) + "\n" for row in [named, *shifted]]
    done = _take(_write(tmp_path / "shifted.csv", text), union)
    assert done.difference.reasons == {"other-person": 20}
    assert done.waiting
    bare = [";".join([*row[:1], *row[2:]]) + "\n" for row in [head, *shifted]]
    done = _take(_write(tmp_path / "bare.csv", bare), union)
    assert done.waiting
    assert done.difference.renamed > 10
    assert done.file is not None
    assert done.file.approved is None
    with Scope(system("test", {union.pk}), "retention"):
        assert list(Fact.objects.order_by("subject_id", "id").values_list("value", "superseded_at")) == before


def test_b1_a_transfer_leaves_each_union_what_it_wrote_itself(unions: dict[str, Controller], tmp_path: Path) -> None:
    one, other = unions["lyngheim"], unions["tangvik"]
    path = union_members.write(tmp_path / "all.csv", members=30)
    _take(path, one)
    head, *rows = (line.rstrip("\n") for line in _rows(path))
    out = [f"{head};utmeldt;overført_til\n", f"{rows[0]};{clock.today() - timedelta(days=1):%d.%m.%Y};Tangvik\n"]
    left = _take(_write(tmp_path / "out.csv", out), one, full=False)
    assert (left.difference.ends, left.difference.moved_out) == (1, 1)
    came = [f"{head};overført_fra\n", f"{rows[0].replace('10000001', 'T-77')};Lyngheim\n"]
    joined = _take(_write(tmp_path / "in.csv", came), other, full=False)
    assert (joined.difference.joins, joined.difference.moved_in) == (1, 1)
    for union, expected in ((one, ("", "Tangvik")), (other, ("Lyngheim", ""))):
        with Scope(system("test", {union.pk}), "register_import"):
            found = Membership.objects.exclude(moved_from="", moved_to="").get()
            assert (found.moved_from, found.moved_to) == expected
            assert set(Fact.objects.values_list("controller_id", flat=True)) == {union.pk}
    with Scope(system("test", {one.pk}), "register_import"):
        row = Membership.objects.get(moved_to="Tangvik")
        assert (row.ends, row.end_reason) == (clock.today(), "transferred")


def test_b7_who_is_back_in_a_file_gets_back_what_was_archived(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=40)
    _take(path, union)
    _take(union_members.write(tmp_path / "fewer.csv", members=39), union)
    subject, left = _subject(union, 40), clock.today()
    with clock.travel(clock.now() + timedelta(days=400)):
        retention.run()
        with Scope(system("test", {union.pk}), "register_import"):
            assert not Fact.objects.filter(subject_id=subject).exists()
        with Scope(system("test", {union.pk}), "rejoining"):
            assert Fact.objects.filter(subject_id=subject).count() == 8
        done = _take(path, union)
        assert (done.difference.returns, done.difference.joins) == (1, 0)
        with Scope(system("test", {union.pk}), "register_import"):
            assert Fact.objects.filter(subject_id=subject, superseded_at=None).count() == 8
            rows = history(subject_id=subject, controller_id=union.pk)
            assert [(one.starts, one.ends) for one in rows] == [(rows[0].joined, left), (left, None)]
            assert SealedFact.objects.filter(subject_id=subject).count() == 1
    assert archive.REJOINING == "rejoining"


def _stands(union: Controller, subject: int) -> tuple[list[tuple[str, bool]], int]:
    """The membership rows of somebody as (why they ended, whether they are listed), and how many covers are open."""
    with Scope(system("test", {union.pk}), "retention"):
        rows = Membership.objects.filter(subject_id=subject).order_by("starts", "ends")
        return [(one.end_reason, one.listed is not None) for one in rows], Cover.objects.filter(
            subject_id=subject, ends=None
        ).count()


def _joined_again(path: Path, number: int, day: date) -> list[str]:
    lines = _rows(path)
    lines[number] = lines[number].replace(lines[number].split(";")[9], f"{day:%d.%m.%Y}")
    return lines


def test_b7_who_left_of_their_own_accord_is_not_brought_back_by_an_old_row(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=20)
    _take(path, union)
    subject, dead, resigned = (_subject(union, n) for n in (7, 9, 11))
    assert _stands(union, subject)[0] == [("", True)]
    assert _stands(union, subject)[1]
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
    assert _stands(union, subject) == ([("resigned", False)], 0)
    assert _stands(union, dead) == ([("died", False)], 0)
    done = _take(path, union)
    assert (done.difference.reasons, done.difference.returns, done.difference.ending) == ({"left-since": 3}, 0, 0)
    assert _stands(union, subject) == ([("resigned", False)], 0)
    with clock.travel(clock.now() + timedelta(days=10)):
        lines = _joined_again(path, 7, clock.today())
        assert _take(_write(tmp_path / "new.csv", lines), union).difference.returns == 1
        with Scope(system("test", {union.pk}), "register_import"):
            now = standing(subject_id=subject, controller_id=union.pk, on=clock.today())
            assert now is not None
            assert now.joined == now.starts == clock.today()
            tie = Relationship.objects.get(subject_id=subject, ended=None)
            assert tie.started == clock.today()
        assert _stands(union, subject)[0] == [("resigned", False), ("", True)]


def test_b7_a_death_that_was_none_opens_the_membership_again(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=10)
    _take(path, union)
    subject = _subject(union, 5)
    before = _stands(union, subject)
    assert before[1]
    told = {"actor": system("registers", {union.pk}), "controller": union, "subject_id": subject, "at": clock.now()}
    record_death(**told, day=clock.today() - timedelta(days=40), source="population_register")
    assert _stands(union, subject) == ([("died", False)], 0)
    undo_death(**told)
    assert _stands(union, subject) == ([("", False)], before[1])
    head, *rows = _rows(path)
    assert _take(_write(tmp_path / "again.csv", [head, *reversed(rows)]), union).difference.unchanged == 10
    assert _stands(union, subject) == before


def test_b7_rows_left_open_or_ended_later_than_the_membership_stop_nobody_from_coming_back(
    union: Controller, tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=20)
    _take(path, union)
    one, two = _subject(union, 5), _subject(union, 7)
    with Scope(system("test", {union.pk}), "retention"):  # as an older version left them
        day = clock.today() - timedelta(days=5)
        Relationship.objects.filter(subject_id__in=[one, two]).update(ended=day, end_reason="own_wish")
        Membership.objects.filter(subject_id=two).update(ends=clock.today(), end_reason="resigned", listed=None)
        Membership.objects.filter(subject_id=one).update(listed=None)
    lines = _joined_again(path, 5, day)
    lines[7] = _joined_again(path, 7, day)[7]
    done = _take(_write(tmp_path / "new.csv", lines), union)
    assert (done.difference.returns, done.difference.reasons) == (2, {})
    with Scope(system("test", {union.pk}), "register_import"):
        starts = {s: standing(subject_id=s, controller_id=union.pk, on=clock.today()).starts for s in (one, two)}
    assert starts == {one: day, two: clock.today()}


def _damage(lines: list[str]) -> tuple[list[str], dict[int, str]]:
    """The lines with every kind of damage, and line number → reason of those that are."""
    expected = damaged.damage(lines, [10 + n * 5 for n in range(len(damaged.DAMAGE))])
    expected |= damaged.doubled(lines, 200)
    lines.append("Antall medlemmer: 400\n")  # a footer
    expected[402] = "columns"
    return lines, expected


def test_b1_a_damaged_file_puts_in_what_is_good_and_tells_each_other_row(union: Controller, tmp_path: Path) -> None:
    whole = union_members.write(tmp_path / "all.csv", members=400)
    lines, expected = _damage(_rows(whole))
    path = tmp_path / "damaged.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "".join(lines).encode("utf-8", "surrogateescape"))
    done = _take(path, union)
    rows = dict(QuarantinedMember.objects.values_list("line", "reason"))
    assert rows == expected
    assert done.difference.joins == 401 - len(expected) == done.difference.rows - done.quarantined
    again = _take(path, union)
    assert again.difference.joins == 0
    assert QuarantinedMember.objects.count() == len(expected)
    # Of the damaged rows that say whose they are, nobody has left; while others do not, nobody is ended.
    good = _take(whole, union)
    assert good.difference.joins == len(expected) - 1
    withheld = _take(path, union)
    assert (withheld.withheld > 0, withheld.difference.nameless) == (True, 4)
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 400


def test_b1_a_row_that_was_put_aside_is_repaired_and_taken_in(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=30)
    lines = _rows(path)
    lines[4] = lines[4].replace(";S05;", ";S99;")
    _take(_write(tmp_path / "bad.csv", lines), union)
    (row,) = register_files.waiting(controller_id=union.pk)
    actor = system("test", {union.pk})
    assert row.sealed is not None
    assert b"Kvernmo" not in bytes(row.sealed)
    assert quarantined.show(row=row, actor=actor)["section"] == "S99"
    assert replay(controller=union).waiting == 1
    quarantined.repair(row=row, values={"section": "S05"}, actor=actor)
    assert replay(controller=union).taken_in == 1
    row.refresh_from_db()
    assert (row.resolution, row.sealed) == ("taken in", None)
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 30
        assert SealedFact.objects.count() == 30
    assert _take(_write(tmp_path / "bad.csv", lines), union).difference.ending == 0


@pytest.mark.parametrize("kind", ["xlsx", "json", "lines"])
def test_b1_a_spreadsheet_or_json_says_the_same_as_csv(kind: str, union: Controller, tmp_path: Path) -> None:
    csv = union_members.write(tmp_path / "all.csv", members=25)
    head, *rows = (line.rstrip("\n").split(";") for line in _rows(csv))
    path = tmp_path / f"all.{kind}"
    if kind == "xlsx":
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([head, *rows]):
                sheet.write_row(number, 0, row)
            sheet.write_formula(3, 2, '="Aud"', value="Aud")
    else:
        objects = [dict(zip(head, row, strict=True)) for row in rows]
        objects[2]["Fornavn"] = '="Aud"'
        text = json.dumps(objects) if kind == "json" else "\n".join(json.dumps(one) for one in objects)
        path.write_text(text, "utf-8")
    done = _take(path, union)
    assert (done.difference.joins, done.difference.reasons) == (24, {"formula": 1})
    assert _take(path, union).difference.unchanged == 24
    by_csv = _take(csv, union).difference
    assert (by_csv.joins, by_csv.changed, by_csv.ending) == (1, 0, 0)


def test_b1_columns_that_nobody_knows_are_named_or_refused(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=10)
    lines = _rows(path)
    lines[0] = lines[0].replace("Adresse", "Gate").replace("Betaler", "Kontingent")
    other = _write(tmp_path / "other.csv", lines)
    with pytest.raises(FileRefusedError, match=r"unknown columns: 5 .gate., 14 .kontingent."):
        _take(other, union)
    FileLayout.objects.create(controller=union, columns={"gate": "street", "kontingent": ""})
    assert _take(other, union).difference.joins == 10


def test_b1_a_restricted_member_is_left_as_they_are(union: Controller, tmp_path: Path) -> None:
    from tillit.consent import operations as consent

    _take(union_members.write(tmp_path / "all.csv", members=10), union)
    subject = _subject(union, 5)
    with Scope(system("test", {union.pk}), "rights_requests", frozenset({subject})) as scope:
        consent.restrict(scope=scope, subject_id=subject, controller_id=union.pk, ground="accuracy", at=clock.now())
    done = _take(union_members.write(tmp_path / "l.csv", members=10, change=Change(5)), union).difference
    assert (done.restricted, done.changed) == (1, 1)


def test_b1_a_member_of_two_unions_looked_up_by_either_shows_nothing_of_the_other(
    unions: dict[str, Controller], tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=5)
    for one in ("lyngheim", "tangvik"):
        _take(path, unions[one])
    people = {one: _subject(unions[one], 3) for one in ("lyngheim", "tangvik")}
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
    _take(path, union)
    lines = _rows(path)
    lines[3] = lines[3].replace("10000003", "A-3")  # another member number
    cells = lines[8].split(";")
    lines[8] = ";".join([lines[9].split(";")[0], *cells[1:]])  # the number of one, the national number of another
    lines[9] = lines[10]
    done = _take(_write(tmp_path / "mixed.csv", lines[:12]), union, full=False)
    assert done.difference.reasons == {"number-of-another": 1, "member-number-doubled": 1}
    assert done.difference.fields == {"member_number": 1}
    with Scope(system("test", {union.pk}), "register_import"):
        assert Fact.objects.filter(kind="member_number", value="A-3", superseded_at=None).count() == 1
        assert Membership.objects.filter(ends=None).count() == 20
    assert date(2026, 1, 1) < clock.today()
