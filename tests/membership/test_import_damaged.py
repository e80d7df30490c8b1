"""Rows of a union's file that cannot be used: put aside with their reason, and repaired (B1)."""

import json
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from tests.support import damaged
from tests.support.union import lines_of, subject_of, take, write
from tillit.declaration.models import Controller
from tillit.files.errors import FileRefusedError
from tillit.journeys.demo import union_members
from tillit.journeys.register import quarantined
from tillit.journeys.register.replaying import replay
from tillit.kernel.scope import Scope, system
from tillit.membership import register_files
from tillit.membership.models import FileLayout, Membership, QuarantinedMember
from tillit.parties.models import Fact, SealedFact

pytestmark = pytest.mark.django_db


def test_b1_a_shifted_file_makes_nobody_somebody_else(union: Controller, tmp_path: Path) -> None:
    """Member numbers moved down by a row, without national numbers: refused by birth date, and by name it waits."""
    path = union_members.write(tmp_path / "all.csv", members=20)
    take(path, union)
    head, *rows = [line.rstrip("\n").split(";") for line in lines_of(path)]
    with Scope(system("test", {union.pk}), "retention"):
        facts = Fact.objects.filter(kind="birth_date").values_list("subject_id", "value")
        born = {subject: date.fromisoformat(value) for subject, value in facts}
        before = list(Fact.objects.order_by("subject_id", "id").values_list("value", "superseded_at"))
    days = [f"{born[subject_of(union, n)]:%d.%m.%Y}" for n in range(1, 21)]
    assert len(set(days)) == 20
    shifted = [[rows[(n + 1) % 20][0], days[n], *rows[n][2:]] for n in range(20)]
    named = [name if name != "Fødselsnummer" else "Fødselsdato" for name in head]
    text = [";".join(row) + "\n" for row in [named, *shifted]]
    done = take(write(tmp_path / "shifted.csv", text), union)
    assert done.difference.reasons == {"other-person": 20}
    assert done.waiting
    bare = [";".join([*row[:1], *row[2:]]) + "\n" for row in [head, *shifted]]
    done = take(write(tmp_path / "bare.csv", bare), union)
    assert done.waiting
    assert done.difference.renamed > 10
    assert done.file is not None
    assert done.file.approved is None
    with Scope(system("test", {union.pk}), "retention"):
        assert list(Fact.objects.order_by("subject_id", "id").values_list("value", "superseded_at")) == before


def _damage(lines: list[str]) -> tuple[list[str], dict[int, str]]:
    """The lines with every kind of damage, and line number → reason of those that are."""
    expected = damaged.damage(lines, [10 + n * 5 for n in range(len(damaged.DAMAGE))])
    expected |= damaged.doubled(lines, 200)
    lines.append("Antall medlemmer: 400\n")  # a footer
    expected[402] = "columns"
    return lines, expected


def test_b1_a_damaged_file_puts_in_what_is_good_and_tells_each_other_row(union: Controller, tmp_path: Path) -> None:
    whole = union_members.write(tmp_path / "all.csv", members=400)
    lines, expected = _damage(lines_of(whole))
    path = tmp_path / "damaged.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "".join(lines).encode("utf-8", "surrogateescape"))
    done = take(path, union)
    rows = dict(QuarantinedMember.objects.values_list("line", "reason"))
    assert rows == expected
    assert done.difference.joins == 401 - len(expected) == done.difference.rows - done.quarantined
    again = take(path, union)
    assert again.difference.joins == 0
    assert QuarantinedMember.objects.count() == len(expected)
    # Of the damaged rows that say whose they are, nobody has left; while others do not, nobody is ended.
    good = take(whole, union)
    assert good.difference.joins == len(expected) - 1
    withheld = take(path, union)
    assert (withheld.withheld > 0, withheld.difference.nameless) == (True, 4)
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == 400


def test_b1_a_row_that_was_put_aside_is_repaired_and_taken_in(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=30)
    lines = lines_of(path)
    lines[4] = lines[4].replace(";S05;", ";S99;")
    take(write(tmp_path / "bad.csv", lines), union)
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
    assert take(write(tmp_path / "bad.csv", lines), union).difference.ending == 0


@pytest.mark.parametrize("kind", ["xlsx", "json", "lines"])
def test_b1_a_spreadsheet_or_json_says_the_same_as_csv(kind: str, union: Controller, tmp_path: Path) -> None:
    csv = union_members.write(tmp_path / "all.csv", members=25)
    head, *rows = (line.rstrip("\n").split(";") for line in lines_of(csv))
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
    done = take(path, union)
    assert (done.difference.joins, done.difference.reasons) == (24, {"formula": 1})
    assert take(path, union).difference.unchanged == 24
    by_csv = take(csv, union).difference
    assert (by_csv.joins, by_csv.changed, by_csv.ending) == (1, 0, 0)


def test_b1_columns_that_nobody_knows_are_named_or_refused(union: Controller, tmp_path: Path) -> None:
    path = union_members.write(tmp_path / "all.csv", members=10)
    lines = lines_of(path)
    lines[0] = lines[0].replace("Adresse", "Gate").replace("Betaler", "Kontingent")
    other = write(tmp_path / "other.csv", lines)
    with pytest.raises(FileRefusedError, match=r"unknown columns: 5 .gate., 14 .kontingent."):
        take(other, union)
    FileLayout.objects.create(controller=union, columns={"gate": "street", "kontingent": ""})
    assert take(other, union).difference.joins == 10
