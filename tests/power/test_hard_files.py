"""Files that say less, that lie about when, or that are made to hurt (E2)."""

import json
from datetime import UTC, date, datetime
from io import BytesIO

import numpy as np
import pytest

from tests.power import files
from tests.support.power import customer, number, point_of, retailer, scope_for, values
from tillit.files.chunks import Chunk
from tillit.files.errors import FileRefusedError
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.power import intake, quarantine, queries
from tillit.power.days import VERSIONS, gather
from tillit.power.models import ReadingCorrection, ReadingDay, ReadingFile
from tillit.power.reading.ebix import EbixSeries
from tillit.power.reading.json_values import JsonValues

pytestmark = pytest.mark.django_db
DAY, AFTER = date(2026, 4, 5), date(2026, 4, 6)


@pytest.fixture
def world(db):
    with clock.travel(datetime(2026, 4, 12, tzinfo=UTC)):
        controller = retailer()
        yield controller, point_of(controller, customer(controller), 1)


def _file(path, wh, **more):
    start = {"startTime": "2026-04-05T10:00:00Z", "endTime": "2026-04-05T11:00:00Z"}
    path.write_text(json.dumps({"meteringPointId": number(1)} | start | {"quantityKwh": str(wh / 1000)} | more) + "\n")
    return path


def _sum(controller, point):
    with scope_for(controller, point.subject_id):
        found = queries.series(subject_id=point.subject_id, point_id=point.id, start=DAY, end=AFTER)
        lost = [np.frombuffer(bytes(one.wh), "<u4").sum() for one in ReadingCorrection.objects.order_by("id")]
    return int(found.wh.sum()), [int(one) for one in lost]


def test_e2_lines_keep_what_only_some_of_them_say():
    plain = {"gsrn": "1", "startTime": "a", "endTime": "b", "quantityKwh": "1"}
    more = {"meteringPointId": "2", "startTime": "c", "endTime": "d", "quantityKwh": "2", "direction": "In",
            "quality": "Estimated", "registrationTime": "e"}  # fmt: skip
    body = "".join(json.dumps(one) + "\n" for one in (plain, more)).encode()
    (chunk,) = JsonValues(BytesIO(body), len(body))
    assert chunk.frame.select("point", "direction", "quality", "registered").rows() == [
        ("1", None, None, None), ("2", "In", "Estimated", "e"),
    ]  # fmt: skip


def test_e2_a_registration_that_is_yet_to_come_is_put_aside(world, tmp_path):
    controller, point = world
    late = _file(tmp_path / "a.json", 9000, registrationTime="2098-01-01T00:00:00Z")
    assert dict(intake.import_file(path=late, controller=controller).reasons) == {"registered-later": 1}
    ahead = _file(tmp_path / "b.json", 8000, registrationTime="2026-04-12T00:05:00Z")
    assert not intake.import_file(path=ahead, controller=controller).reasons
    assert _sum(controller, point) == (8000, [])


def test_e2_of_values_that_do_not_say_when_the_later_file_counts_and_the_earlier_is_told(world, tmp_path):
    controller, point = world
    first, second = _file(tmp_path / "a.json", 9000), _file(tmp_path / "b.json", 1000)
    for path in (first, second):
        intake.import_file(path=path, controller=controller)
    assert _sum(controller, point) == (1000, [9000])
    ReadingFile.objects.update(state="failed")
    assert intake.import_file(path=first, controller=controller).repeated is False
    assert _sum(controller, point) == (1000, [9000])
    told = _file(tmp_path / "c.json", 5000, registrationTime="2026-04-06T00:00:00Z")
    intake.import_file(path=told, controller=controller)
    intake.import_file(path=_file(tmp_path / "d.json", 10), controller=controller)
    assert _sum(controller, point)[0] == 5000


def test_e2_a_day_that_was_put_aside_comes_in_as_of_its_file(world, tmp_path):
    controller, _ = world
    for wh in (9000, 1000):
        path = _file(tmp_path / f"{wh}.json", wh, meteringPointId=number(2))
        assert intake.import_file(path=path, controller=controller).quarantined == 1
    point = point_of(controller, customer(controller), 2)
    assert quarantine.replay(controller=controller, actor=system("test", {controller.pk})).taken_in == 2
    assert _sum(controller, point)[0] == 1000


def test_e2_a_files_name_is_kept_without_the_number_of_the_point(world, tmp_path):
    controller, point = world
    path = files.offset_csv(
        tmp_path / f"values_{point.gsrn}_2026-04.csv", datetime(2026, 4, 5, tzinfo=UTC), [5] * 3,
        registered=datetime(2026, 4, 6, tzinfo=UTC),
    )  # fmt: skip
    assert intake.import_file(path=path, controller=controller).counts["values"] == 3
    assert ReadingFile.objects.get().name == "values_#_2026-04.csv"


def test_e2_a_file_that_fails_unexpectedly_is_left_failed_and_may_be_sent_again(world, tmp_path, monkeypatch):
    controller, point = world
    path = _file(tmp_path / "a.json", 700)
    with monkeypatch.context() as broken:
        broken.setattr(intake.readings, "store", lambda **_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            intake.import_file(path=path, controller=controller)
    assert ReadingFile.objects.values_list("state", "failure").get() == ("failed", "unexpected")
    intake.import_file(path=path, controller=controller)
    assert _sum(controller, point) == (700, [])
    with scope_for(controller, point.subject_id):
        assert ReadingDay.objects.count() == 1


def test_e2_many_values_of_one_moment_are_a_few_rounds_of_which_the_last_is_the_newest():
    many = values(DAY, [7] * 5000)
    many.start[:] = many.start[0]
    many.registered[:] = np.random.default_rng(1).permutation(5000)
    rounds = list(gather(many))
    assert [np.frombuffer(days[0].registered, "<i8").max() for days in rounds] == [4996, 4997, 4998, 4999]
    assert len(rounds) == VERSIONS


def test_e2_numbers_and_times_that_are_made_to_hurt_cost_only_their_line(world, tmp_path):
    controller, point = world
    hour = {"startTime": "2026-04-05T10:00:00Z", "endTime": "2026-04-05T11:00:00Z", "quantityKwh": "1.5"}
    hard = [
        ({"quantityKwh": "NaN"}, "volume"), ({"quantityKwh": float("nan")}, "volume"),
        ({"quantityKwh": float("inf")}, "volume"), ({"quantityKwh": "1e400"}, "volume"),
        ({"quantityKwh": "-1"}, "negative"), ({"quantityKwh": -0.5}, "negative"),
        ({"quantityKwh": "9" * 40}, "volume"), ({"quantityKwh": "999999999999"}, "too-large"),
        ({"quantityKwh": "4294968"}, "too-large"), ({"quantityKwh": "0.0000001"}, "precision"),
        ({"quantityKwh": "１２"}, "volume"), ({"quantityKwh": "0x10"}, "volume"),
        ({"quantityKwh": True}, "json"), ({"quantityKwh": [1]}, "json"),
        ({"startTime": "2026-04-05T10:00:00+05:30", "endTime": "2026-04-05T11:00:00+05:30"}, "interval"),
        ({"startTime": "2026-04-05T10:00:00", "endTime": "2026-04-05T11:00:00"}, "naive"),
        ({"startTime": "2026-04-05T11:00:00Z", "endTime": "2026-04-05T10:00:00Z"}, "interval"),
        ({"startTime": "2026-04-05T10:00:00Z", "endTime": "2026-04-06T10:00:00Z"}, "interval"),
        ({"startTime": "0001-01-01T10:00:00Z", "endTime": "0001-01-01T11:00:00Z"}, "out-of-range"),
        ({"startTime": "2026-04-31T10:00:00Z", "endTime": "2026-04-31T11:00:00Z"}, "time"),
        ({"meteringPointId": "735999"}, "gsrn"), ({"meteringPointId": number(1)[:-1] + "x"}, "gsrn"),
        ({"unit": "GJ"}, "unit"), ({"unit": "kWh; DROP TABLE power_point"}, "too-long"),
        ({"direction": "Sideways"}, "direction"),
    ]  # fmt: skip
    rows = [{"meteringPointId": number(1)} | hour | change for change, _ in hard]
    other = {"meteringPointId": number(2)} | hour
    good = {"meteringPointId": number(1)} | hour
    path = tmp_path / "hard.json"
    path.write_text("\n".join(json.dumps(one) for one in [*rows, other, good]) + "\n", encoding="utf-8-sig")
    done = intake.import_file(path=path, controller=controller)
    told = {one.line: one.code for one in done.rejects}
    assert {n: told.get(n) for n in range(1, len(hard) + 1)} == dict(enumerate((code for _, code in hard), 1))
    assert done.reasons["no-such-point"] == 1, "another's point in the same file waits by itself"
    assert (done.counts["values"], _sum(controller, point)[0]) == (1, 1500)


def test_e2_entities_that_grow_are_never_read(world, tmp_path):
    controller, _ = world
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    before = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]>'
    outside = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    for n, head in enumerate((before, outside)):
        path = files.ebix_xml(tmp_path / f"{n}.xml", number(1), datetime(2026, 4, 5, tzinfo=UTC), [5] * 3)
        body = path.read_text()
        body = body[body.index("?>") + 2 :] if body.startswith("<?xml") else body
        path.write_text(head + body.replace(number(1), "&l9;" if n == 0 else "&x;", 1))
        with pytest.raises(FileRefusedError) as error:
            intake.import_file(path=path, controller=controller)
        assert error.value.code == "xml-refused"
    assert ReadingFile.objects.filter(state="finished").count() == 0


def _ebix(tmp_path, before="", after="", **change):
    path = files.ebix_xml(tmp_path / "a.xml", number(1), datetime(2026, 4, 5, tzinfo=UTC), [5] * 3)
    body = path.read_text().replace(before, after, 1) if before else path.read_text()
    return EbixSeries(BytesIO(body.encode()), len(body))


def test_e2_a_series_beyond_the_calendar_costs_only_itself(tmp_path):
    assert sum(chunk.frame.height for chunk in _ebix(tmp_path)) == 3
    chunks: list[Chunk] = list(_ebix(tmp_path, "2026-04-05T00:00:00+00:00", "9999-12-31T22:00:00+00:00"))
    assert [(one.field, one.code) for chunk in chunks for one in chunk.rejects] == [("start", "series")]


@pytest.mark.parametrize("body", ["<b/>" * 130_000, "x" * (17 << 20)])
def test_e2_no_element_of_a_document_grows_without_end(tmp_path, body):
    tag = '<a:Observation Sequence="1">'
    with pytest.raises(FileRefusedError):
        list(_ebix(tmp_path, tag, tag + body))
