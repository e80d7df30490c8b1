"""Every layout brings the same values in, both clock changes included; what cannot be used is told and mended (E2)."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.power import files
from tests.support.power import customer, number, point_of, retailer, scope_for
from tillit.files.errors import FileRefusedError
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.power import intake, quarantine, queries
from tillit.power.models import QuarantinedReading, ReadingDay

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, tzinfo=UTC)
AUTUMN, SPRING = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _late():
    with clock.travel(NOW):
        yield


@pytest.fixture
def world(db):
    controller = retailer()
    return controller, point_of(controller, customer(controller), 1)


def _written(layout: str, path: Path, start: datetime, wh: list[int], minutes: int) -> Path:
    if layout.endswith("csv"):
        path = path / f"meteringvalues-mp-{number(1)}-consumption.csv"
        write = files.offset_csv if layout == "offset_csv" else files.local_csv
        return write(path, start, wh, minutes=minutes)
    return getattr(files, layout)(path / "values", number(1), start, wh, minutes=minutes)


@pytest.mark.parametrize("layout", ["offset_csv", "local_csv", "api_json", "json_lines", "ebix_xml"])
def test_e2_every_layout_brings_both_clock_changes_in_exactly(world, tmp_path, layout):
    controller, point = world
    for start, day, minutes, count in (
        (AUTUMN, date(2026, 10, 25), 60, 25),
        (SPRING, date(2026, 3, 29), 15, 92),
    ):
        wh = [1000 + n for n in range(count)]
        found = intake.import_file(path=_written(layout, tmp_path, start, wh, minutes), controller=controller)
        assert (found.quarantined, found.counts["values"], found.counts["added"]) == (0, count, 1), found.rejects
        with scope_for(controller, point.subject_id):
            row = ReadingDay.objects.get(day=day)
            last = date.fromordinal(day.toordinal() + 1)
            series = queries.series(subject_id=point.subject_id, point_id=point.id, start=day, end=last)
        assert series.wh.tolist() == wh
        assert row.resolution == minutes
    again = intake.import_file(path=_written(layout, tmp_path, start, wh, minutes), controller=controller)
    assert again.repeated


def test_e2_the_same_bytes_of_another_point_are_another_file(world, tmp_path):
    controller, point = world
    cabin = point_of(controller, customer(controller), 2)
    start, nothing = datetime(2026, 6, 1, 22, tzinfo=UTC), [0] * 24
    unnamed = files.offset_csv(tmp_path / "values.csv", start, nothing)
    assert intake.import_file(path=unnamed, controller=controller).quarantined == 24, "whose they are, nobody said"
    for one in (point, cabin):
        found = intake.import_file(path=unnamed, controller=controller, point=one.gsrn)
        assert (found.repeated, found.quarantined, found.counts["added"]) == (False, 0, 1)
        named = files.offset_csv(tmp_path / f"{one.gsrn}.csv", start, nothing)
        assert intake.import_file(path=named, controller=controller).repeated, "the name says the same"
        with scope_for(controller, one.subject_id):
            assert [row.day for row in ReadingDay.objects.filter(point_id=one.id)] == [date(2026, 6, 2)]


def test_e2_rows_that_cannot_be_used_are_told_and_the_others_come_in(world, tmp_path):
    controller, _ = world
    path = files.offset_csv(tmp_path / f"{number(1)}.csv", datetime(2026, 6, 1, tzinfo=UTC), [100] * 30)
    lines = path.read_text("utf-8-sig").splitlines()
    bad = [
        (3, "0,100", "-0,100", "negative"), (5, "0,100", "=1+1", "volume"), (7, "0,100", "0,1005", "precision"),
        (9, ";kWh;", ";kvarh;", "unit"), (11, ";Målt;", ";Gjettet;", "quality"), (13, "+02:00;2026", ";2026", "naive"),
        (15, "2026-06", "2027-06", "interval"), (17, "0,100", "99999999,0", "too-large"), (19, ";kWh", "", "columns"),
    ]  # fmt: skip
    for line, before, after, _ in bad:
        assert before in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(before, after, 1)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = intake.import_file(path=path, controller=controller)
    assert sorted((one.line, one.code) for one in found.rejects) == [(line, code) for line, *_, code in bad]
    assert found.counts["values"] == 30 - len(bad)
    assert QuarantinedReading.objects.count() == len(bad)
    row = quarantine.waiting(controller_id=controller.pk).get(line=3)
    staff = system("test", {controller.pk})
    quarantine.repair(row=row, values={"volume": "0,200"}, actor=staff)
    done = quarantine.replay(controller=controller, actor=staff, ids=[row.pk])
    assert (done.rows, done.taken_in) == (1, 1)
    assert quarantine.waiting(controller_id=controller.pk).filter(line=3).count() == 0


def test_e2_days_of_a_point_nobody_has_wait_as_one_row_each_and_come_in_once_somebody_has(world, tmp_path):
    controller, _ = world
    start = datetime(2026, 5, 31, 22, tzinfo=UTC)
    path = files.json_lines(tmp_path / "values.jsonl", number(2), start, list(range(1, 49)))
    found = intake.import_file(path=path, controller=controller)
    assert (found.counts["values"], dict(found.reasons)) == (0, {"no-such-point": 2})
    point = point_of(controller, customer(controller), 2)
    done = quarantine.replay(controller=controller, actor=system("test", {controller.pk}))
    assert (done.rows, done.taken_in) == (2, 2)
    with scope_for(controller, point.subject_id):
        series = queries.series(
            subject_id=point.subject_id, point_id=point.id, start=date(2026, 6, 1), end=date(2026, 6, 3)
        )
    assert series.wh.tolist() == list(range(1, 49))


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("a.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml-refused"),
        ("b.xml", "<a><b></a>", "xml-refused"),
        ("c.xml", "<a/>", "xml-kind"),
        ("d.xml", "<a>" * 30, "xml-refused"),
        ("e.json", "{" * 2000, "json-unreadable"),
        ("f.json", '{"data": []}', "empty"),
        ("g.csv", "navn;adresse\nx;y\n", "columns-missing"),
        ("h.csv", "\x1f\x8b\x08", "compressed"),
        ("i.csv", "", "empty"),
    ],
)
def test_e2_hostile_files_are_refused_whole(world, tmp_path, name, body, code):
    controller, _ = world
    (tmp_path / name).write_bytes(body.encode("latin-1"))
    with pytest.raises(FileRefusedError) as error:
        intake.import_file(path=tmp_path / name, controller=controller)
    assert error.value.code == code


def test_e2_an_hour_the_clock_showed_twice_and_the_file_once_is_put_aside(world, tmp_path):
    controller, _ = world
    path = files.local_csv(tmp_path / f"{number(1)}.csv", AUTUMN, list(range(1, 26)))
    lines = path.read_text().splitlines()
    del lines[4]
    path.write_text("\n".join([*lines, '29.03.2026 02:00,29.03.2026 03:00,"1,0"']) + "\n")
    found = intake.import_file(path=path, controller=controller)
    assert dict(found.reasons) == {"ambiguous-hour": 1, "no-such-hour": 1}
    assert found.counts["values"] == 23


def test_e2_a_dry_run_stores_nothing(world, tmp_path):
    controller, point = world
    path = files.json_lines(tmp_path / "v", number(1), datetime(2026, 6, 1, tzinfo=UTC), [5] * 24)
    found = intake.import_file(path=path, controller=controller, dry_run=True)
    assert found.counts["values"] == 24
    with scope_for(controller, point.subject_id):
        assert not ReadingDay.objects.exists()
