"""Who has moved out neither keeps nor sees what is used after; an import holds off whoever changes people (E1, E2)."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pytest
from django.db import connection

from tests.support.power import customer, fill, number, point_of, retailer, scope_for
from tillit.journeys import power_supply
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.power import intake, looking, periods, queries, readings
from tillit.power.models import Contract, QuarantinedReading, ReadingCorrection, ReadingDay, ReadingMonth

pytestmark = pytest.mark.django_db
MOVED = date(2026, 4, 4)


@pytest.fixture
def ours(db):
    with clock.travel(datetime(2026, 4, 12, tzinfo=UTC)):
        yield retailer()


def _acting(controller, subject):
    return {
        "actor": system("test", {controller.pk}), "controller": controller, "subject_id": subject, "at": clock.now(),
    }  # fmt: skip


def _out(controller, point):
    act = _acting(controller, point.subject_id)
    asked = power_supply.request_out(**act, point_id=point.id, reason="move", day=MOVED)
    return power_supply.confirm(**act, switch_id=asked.id)


def _in(controller, subject, day=MOVED, serial=1):
    act = _acting(controller, subject)
    asked = power_supply.request_in(
        **act, number=number(serial), price_area="NO1", kind="spot", reason="move", day=day
    )  # fmt: skip
    return power_supply.confirm(**act, switch_id=asked.id, seen="known_person")


def _days(controller, subject):
    with scope_for(controller, subject):
        return sorted(ReadingDay.objects.filter(subject_id=subject).values_list("day__day", flat=True))


def _file(path, gsrn, wh, days=range(1, 9)):
    hours = [(f"2026-04-{d:02}T10:00:00Z", f"2026-04-{d:02}T11:00:00Z") for d in days]
    rows = [{"meteringPointId": gsrn, "startTime": a, "endTime": b, "quantityKwh": str(wh / 1000)} for a, b in hours]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_e1_who_moved_out_loses_the_days_after_and_who_moved_in_gets_them(ours, tmp_path):
    kari, ola = customer(ours), customer(ours)
    point = point_of(ours, kari, 1)
    path = _file(tmp_path / "values.json", point.gsrn, 700)
    intake.import_file(path=path, controller=ours)
    fill(ours, point, date(2026, 4, 8), [5] * 24, registered=datetime(2026, 4, 10, tzinfo=UTC))
    assert _days(ours, kari) == [1, 2, 3, 4, 5, 6, 7, 8]
    _out(ours, point)
    assert _days(ours, kari) == [1, 2, 3]
    assert QuarantinedReading.objects.filter(reason="not-supplied", resolved_at=None).count() == 5
    with scope_for(ours, kari, "self_service"):
        page = looking.page(
            subject_ids=[kari], controller_id=ours.pk, controller=ours.key, number=1,
            looked=periods.parse("2026-04"), today=clock.today(), beside=False,
        )  # fmt: skip
        assert not ReadingCorrection.objects.exists()
    assert (page.known, page.shown.wh) == (date(2026, 4, 3), 2100)
    _in(ours, ola)
    assert _days(ours, ola) == [4, 5, 6, 7, 8]
    again = intake.import_file(path=path, controller=ours)
    assert (again.repeated, again.quarantined) == (False, 0)
    assert (_days(ours, kari), _days(ours, ola)) == ([1, 2, 3], [4, 5, 6, 7, 8])
    assert intake.import_file(path=path, controller=ours).repeated is False


def test_e2_a_month_of_which_every_hour_is_there_is_one_row_that_follows_its_days(ours):
    kari = customer(ours)
    point = point_of(ours, kari, 1)

    def kept():
        with scope_for(ours, kari):
            return [np.frombuffer(bytes(row.wh), "<u4").tolist() for row in ReadingMonth.objects.order_by("month")]

    wh = list(range(1, 31 * 24))  # spring's March has an hour less
    fill(ours, point, date(2026, 3, 1), wh[: 30 * 24 - 1])
    assert kept() == []
    fill(ours, point, date(2026, 3, 31), wh[30 * 24 - 1 :])
    assert kept() == [wh]
    fill(ours, point, date(2026, 3, 2), [9000], registered=datetime(2026, 4, 2, tzinfo=UTC))
    wh[24] = 9000
    assert kept() == [wh]
    fill(ours, point, date(2026, 3, 2), [7] * 24, direction=2)
    assert kept() == [wh]
    fill(ours, point, date(2026, 3, 3), [5] * 96, minutes=15, registered=datetime(2026, 4, 3, tzinfo=UTC))
    assert kept() == [], "a day in quarters"
    fill(ours, point, date(2026, 2, 1), [1] * 24 * 28)
    fill(ours, point, date(2026, 4, 1), [2] * 24 * 30)
    assert kept() == [[1] * 24 * 28, [2] * 24 * 30]
    _out(ours, point)
    assert kept() == [[1] * 24 * 28], "April was cut when the customer moved out"


def test_e1_a_file_of_days_nobody_had_is_read_again_once_somebody_has(ours, tmp_path):
    kari, ola = customer(ours), customer(ours)
    point = point_of(ours, kari, 1)
    _out(ours, point)
    path = _file(tmp_path / "values.json", point.gsrn, 700)
    assert intake.import_file(path=path, controller=ours).quarantined == 5
    _in(ours, ola)
    intake.import_file(path=path, controller=ours)
    assert _days(ours, ola) == [4, 5, 6, 7, 8]


def test_e1_what_came_under_a_switch_that_is_taken_back_waits_and_comes_back_with_the_next(ours):
    wrong, right = customer(ours), customer(ours)
    switch = _in(ours, wrong)
    with scope_for(ours, wrong):
        point = queries.points_of(subject_ids=[wrong], controller_id=ours.pk)[0]
    fill(ours, point, date(2026, 4, 5), [5] * 48)
    assert _days(ours, wrong) == [5, 6]
    power_supply.undo(**_acting(ours, wrong), switch_id=switch.id)
    assert _days(ours, wrong) == []
    _in(ours, right, day=date(2026, 4, 6))
    assert _days(ours, right) == [6]


def test_e1_days_left_outside_a_supply_are_not_read(ours):
    kari = customer(ours)
    point = point_of(ours, kari, 1)
    fill(ours, point, MOVED, [5] * 24)
    with scope_for(ours, kari):
        asked = {"subject_id": kari, "point_id": point.id, "start": MOVED, "end": date(2026, 4, 5)}
        assert queries.series(**asked).wh.sum() == 120
        assert list(queries.days_of(controller_id=ours.pk, start=MOVED, end=date(2026, 4, 5)))
        Contract.objects.filter(point_id=point.id).update(ends=MOVED, end_reason="moved")
        assert queries.series(**asked).wh.sum() == 0
        assert not list(queries.days_of(controller_id=ours.pk, start=MOVED, end=date(2026, 4, 5)))
        assert not queries.supplied_days(subject_id=kari, point_id=point.id).exists()


def test_e2_nobody_is_restricted_or_erased_while_values_of_theirs_come_in(ours, monkeypatch):
    point = point_of(ours, customer(ours), 1)
    held = []

    def look(name, real=readings._sql):
        if name == "match":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                    " AND classid = %s AND objid = %s",
                    [0x7065_6F70, ours.register_id],
                )
                held.extend(cursor.fetchall())
        return real(name)

    monkeypatch.setattr(readings, "_sql", look)
    assert fill(ours, point, MOVED, [5] * 24).added == 1
    assert held == [("ShareLock",)]
