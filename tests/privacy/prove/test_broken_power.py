"""Days of the wrong length, points with a wrong number, insight without an app: all seen (E1, E2, E7)."""

from tests.privacy.prove.conftest import Installation

SUPPLY, APP = "activities.power_supply", "retention.insight_app_deleted"
POINT = (
    "INSERT INTO power_point (subject_id, id, controller_id, gsrn, meter_number, price_area, use, resolution, street,"
    " postal_code, place, municipality, source, collected_under)"
    " VALUES ({subject}, 77, {controller}, '{number}', '', 'NO1', 'home', 60, '', '', '', '', 'data_subject',"
    " 'power_supply')"
)
DAY = (
    "INSERT INTO power_reading_day (subject_id, controller_id, point_id, direction, day, resolution, wh, quality,"
    r" registered, version) VALUES ({subject}, {controller}, 77, 1, '2026-03-29', 60, '\x00000000', '\x04',"
    r" '\x0000000000000000', 1)"
)
MONTH = (
    "INSERT INTO power_reading_month (subject_id, controller_id, point_id, month, wh)"
    r" VALUES ({subject}, {controller}, 77, '2026-03-01', '\x00000000')"
)
PART = (
    "INSERT INTO power_month_part (subject_id, controller_id, point_id, month, part, low_wh, middle_wh, high_wh,"
    " made_at) VALUES ({subject}, {controller}, 77, '2026-01-01', 'base', 1, 2, 3, now())"
)
ASKED = (
    "INSERT INTO power_hub_process (subject_id, controller_id, point_id, switch_id, process, reference, day, status,"
    " reason, identity, tries, queued_at, sent_at, due_at, settled_at) VALUES ({subject}, {controller}, 77, {switch},"
    " 'BRS-NO-101', gen_random_uuid(), '2026-04-01', '{status}', '', '', 1, now(), {sent}, now(), {settled})"
)
SWITCH = (
    "INSERT INTO power_switch (subject_id, id, controller_id, point_id, way, reason, day, kind, product, status,"
    " identity, requested_at, decided_at, source, collected_under) VALUES ({subject}, 78, {controller}, 77, 'in',"
    " 'switch', '2026-04-01', 'spot', '', '{decided}', 'passport', now(), {at}, 'data_subject', 'power_supply')"
)
GONE = "DELETE FROM power_point WHERE id = 77"
GOOD, WRONG = "707057500000000018", "707057500000000017"


def test_e1_e2_e7_what_is_wrong_with_readings_points_and_insight_is_seen(live: Installation) -> None:
    controller = live.controllers["fjordlys"].pk
    subject = next(one for (key, _), one in live.people.items() if key == "fjordlys")
    given = {"controller": controller, "subject": subject}
    good, wrong = (POINT.format(**given, number=number) for number in (GOOD, WRONG))
    assert "check digit" in live.sees("domains", "fjordlys", SUPPLY, wrong, GONE)
    assert "as many values" in live.sees("domains", "fjordlys", SUPPLY, f"{good}; {DAY.format(**given)}", GONE)
    full = DAY.format(**given).replace(r"'\x00000000'", rf"'\x{'00' * 92}'")
    assert "of no time at which" in live.sees("domains", "fjordlys", SUPPLY, f"{good}; {full}", GONE)
    month = f"{good}; {MONTH.format(**given)}"
    assert "months are not what" in live.sees("domains", "fjordlys", SUPPLY, month, GONE)
    part = f"{good}; {PART.format(**given)}"
    assert "do not use the app" in live.sees("domains", "fjordlys", APP, part, GONE)


def test_e1_what_goes_wrong_with_the_market_hub_is_seen(live: Installation) -> None:
    controller = live.controllers["fjordlys"].pk
    subject = next(one for (key, _), one in live.people.items() if key == "fjordlys")
    given = {"controller": controller, "subject": subject}
    point = POINT.format(**given, number=GOOD)
    lone = ASKED.format(**given, switch="NULL", status="accepted", sent="now()", settled="NULL")
    assert "no disclosure is on record" in live.sees("domains", "fjordlys", SUPPLY, f"{point}; {lone}", GONE)
    for status, decided, at, words in (
        ("rejected", "confirmed", "now()", "that the hub rejected"),
        ("done", "requested", "NULL", "that the hub has carried out"),
    ):
        switch = SWITCH.format(**given, decided=decided, at=at)
        asked = ASKED.format(**given, switch=78, status=status, sent="NULL", settled="now()")
        assert words in live.sees("domains", "fjordlys", SUPPLY, f"{point}; {switch}; {asked}", GONE)
