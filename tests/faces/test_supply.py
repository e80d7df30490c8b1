"""Points, contracts, switches of supplier and the app, through the pages (E1, E7)."""

import io
import re
import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.faces.conftest import make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link, reads
from tests.power import files
from tests.support.power import fill, number, point_of, retailer, scope_for
from tillit.audit.models import Event
from tillit.faces.simulators.market_hub import MarketHub
from tillit.journeys.files import sending
from tillit.journeys.models import SentFile
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power.hub.models import WaitingNotice
from tillit.power.insight import alerts
from tillit.power.models import AppAccount, Contract, Household, MeteringPoint, Switch

MINE = "/fjordlys/min-side/power/"
NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)


@pytest.fixture
def kari(db: Any, client: Client) -> Any:
    with clock.travel(NOW):
        made = make_person(retailer(), "Kari", "Nordseth", "+47 400 00 111", kind="customer")
        sign_in(client, made)
        yield made


def test_e1_staff_register_a_switch_make_sure_of_the_customer_and_end_it_with_a_final_reading(kari: Any) -> None:
    desk = at_work(hire(kari.controller))
    person = link(find(desk, "nordseth", key="fjordlys"))
    page = f"{person}power/"
    assert page in desk.get(person).text
    form = {"act": "in", "number": number(3), "price_area": "NO5", "kind": "fixed", "reason": "switch", "use": "home",
            "day": "2026-03-01", "municipality": "4601", "street": "Bryggen 1"}  # fmt: skip
    wrong = desk.post(page, form | {"number": number(3)[:-1] + "x", "product": "Trygg 12", "resolution": "15"})
    assert wrong.status_code == 422
    assert "18" in wrong.text
    chosen = re.findall(r'<option value="(\w+)" selected>', wrong.text)
    assert chosen == ["home", "15", "fixed", "switch"], "what was typed stands, to be mended"
    assert 'value="Trygg 12"' in wrong.text
    assert desk.post(page, form).status_code == 302
    with scope_for(kari.controller, kari.subject_id):
        switch = Switch.objects.get()
    unsure = desk.post(page, {"act": "confirm", "switch": switch.id})
    assert unsure.status_code == 422
    assert desk.post(page, {"act": "confirm", "switch": switch.id, "seen": "passport"}).status_code == 302
    with scope_for(kari.controller, kari.subject_id):
        contract, point = Contract.objects.get(), MeteringPoint.objects.get()
    assert (contract.kind, contract.ends, point.municipality) == ("fixed", None, "4601")
    out = {"act": "out", "point": point.id, "reason": "move", "day": "2026-04-01"}
    assert desk.post(page, out).status_code == 302
    with scope_for(kari.controller, kari.subject_id):
        gone = Switch.objects.get(way="out")
    assert desk.post(page, {"act": "confirm", "switch": gone.id, "final": "12 345,678"}).status_code == 302
    shown = desk.get(page).text
    assert "12" in shown
    with scope_for(kari.controller, kari.subject_id):
        assert Switch.objects.get(way="out").final_wh == 12_345_678
        assert Contract.objects.get().ends == date(2026, 4, 1)


def test_e1_what_a_customer_is_supplied_with_is_read_on_record_for_purposes_that_may(kari: Any) -> None:
    desk = at_work(hire(kari.controller))
    before = len(reads(kari.controller, kari.subject_id))
    person = link(find(desk, "nordseth", key="fjordlys"))
    assert desk.get(f"{person}power/").status_code == 200
    categories = ["consumption", "metering_point", "power_contract"]
    assert ("customer_service", categories) in reads(kari.controller, kari.subject_id)[before:]
    other = link(find(desk, "nordseth", key="fjordlys", purpose="important_notices"))
    assert f"{other}power/" not in desk.get(other).text
    count = len(reads(kari.controller, kari.subject_id))
    assert desk.get(f"{other}power/").status_code == 404
    assert desk.post(f"{other}power/", {"act": "undo", "switch": 1}).status_code == 404
    assert len(reads(kari.controller, kari.subject_id)) == count


def test_e1_h2_facts_of_a_point_and_its_position_are_put_right_at_the_desk_and_the_customer_sees_them(
    client: Client, kari: Any
) -> None:
    point = point_of(kari.controller, kari.subject_id, 4, street="Tunet 4")
    desk = at_work(hire(kari.controller))
    page = f"{link(find(desk, 'nordseth', key='fjordlys'))}power/"
    right = {"act": "put_right", "point": point.id, "price_area": "NO3", "municipality": "1508", "use": "holiday",
             "street": "Lysgata 1", "meter_number": "M-77", "latitude": "62,4722", "longitude": "6.1495"}  # fmt: skip
    for wrong in (
        {"longitude": ""},
        {"latitude": "91"},
        {"latitude": "nord"},
        {"latitude": "nan"},
        {"price_area": "NO9"},
    ):
        assert desk.post(page, right | wrong).status_code == 422, wrong
    assert desk.post(page, right).status_code == 302
    assert desk.post(page, right).status_code == 302, "the same again changes nothing"
    with scope_for(kari.controller, kari.subject_id):
        now = MeteringPoint.objects.get()
    assert (now.price_area, now.use, now.latitude, now.longitude) == ("NO3", "holiday", 62.4722, 6.1495)
    shown = client.get(MINE).text
    assert "62,4722, 6,1495" in shown
    assert "M-77" in shown
    assert 'value="62,4722"' in desk.get(page).text, "as it is typed back"
    with Scope(system("test", {kari.controller.pk}), "security_log"):
        (event,) = Event.objects.filter(type="supply.changed", subject_id=kari.subject_id)
    told = ["latitude", "longitude", "meter_number", "municipality", "price_area", "street", "use"]
    assert event.details == {"act": "point", "what": told}


def test_e1_e6_a_contract_is_changed_from_a_day_told_of_ahead_and_taken_back(client: Client, kari: Any) -> None:
    point = point_of(kari.controller, kari.subject_id, 4)
    desk = at_work(hire(kari.controller))
    page = f"{link(find(desk, 'nordseth', key='fjordlys'))}power/"
    form = {"act": "change", "point": point.id, "kind": "fixed", "product": "Trygg 12", "day": "2026-04-10"}
    for wrong in ({"kind": "gas"}, {"day": "2024-12-31"}, {"point": "1"}):
        assert desk.post(page, form | wrong).status_code == 422, wrong
    assert client.post("/fjordlys/min-side/alerts/", {"kind": "contract", "channel": ["app"]}).status_code == 302
    assert desk.post(page, form).status_code == 302
    assert desk.post(page, form).status_code == 422, "it begins that day already"
    assert "fra 10. april 2026" in client.get(MINE).text
    assert alerts.give(controller_id=kari.controller.pk, kinds=[alerts.AlertKind.CONTRACT]) == 1
    assert "løper til 9. april 2026" in client.get("/fjordlys/min-side/alerts/").text
    with scope_for(kari.controller, kari.subject_id):
        rows = list(Contract.objects.order_by("starts"))
    assert [(row.kind, row.end_reason) for row in rows] == [("spot", "changed"), ("fixed", "")]
    assert "En avtale begynner 10. april 2026" in desk.get(page).text
    assert desk.post(page, {"act": "take_back", "contract": rows[0].id}).status_code == 422, "that one has begun"
    assert desk.post(page, {"act": "take_back", "contract": rows[1].id}).status_code == 302
    with scope_for(kari.controller, kari.subject_id):
        left = Contract.objects.get(ends=None)
    assert (left.kind, left.end_reason) == ("spot", "")
    assert desk.post(page, form | {"day": "2026-04-05"}).status_code == 302, "what never came to be is in nobody's way"


def test_e1_customers_see_their_own_points_and_tell_of_the_home(client: Client, kari: Any) -> None:
    assert client.get(MINE).status_code == 200
    point = point_of(kari.controller, kari.subject_id, 4, street="Tunet 4")
    fill(kari.controller, point, date(2026, 3, 18), [100] * 20)
    page = client.get(MINE).text
    assert number(4) in page
    assert "Tunet 4" in page
    home = {"act": "home", "point": point.id, "dwelling": "flat", "area_m2": "70", "persons": "2", "vehicle": "no"}
    assert client.post(MINE, home | {"area_m2": "many"}).status_code == 422
    assert client.post(MINE, home).status_code == 302
    with scope_for(kari.controller, kari.subject_id):
        told = Household.objects.get()
    assert (told.dwelling, told.area_m2, told.vehicle) == ("flat", 70, False)
    assert client.post(MINE, home | {"point": "1"}).status_code == 422


def test_e7_a_customer_starts_and_deletes_the_app_on_min_side(client: Client, kari: Any) -> None:
    point_of(kari.controller, kari.subject_id, 4)
    assert client.post(MINE, {"act": "start"}).status_code == 302
    with scope_for(kari.controller, kari.subject_id, "app_operation"):
        assert AppAccount.objects.filter(ended_at=None).exists()
    assert client.post(MINE, {"act": "delete"}).status_code == 422
    assert client.post(MINE, {"act": "delete", "sure": "1"}).status_code == 302
    with scope_for(kari.controller, kari.subject_id, "app_operation"):
        assert not AppAccount.objects.exists()
    with scope_for(kari.controller, kari.subject_id):
        assert Contract.objects.filter(ends=None).exists()


def test_e2_a_file_of_meter_values_is_sent_confirmed_and_mended_in_the_console(kari: Any, tmp_path: Any) -> None:
    point_of(kari.controller, kari.subject_id, 4)
    desk = at_work(hire(kari.controller))
    began, known = datetime(2026, 1, 30, 23, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    named = files.offset_csv(tmp_path / f"{number(4)}.csv", began, [9] * 24, registered=known)
    with named.open("rb") as file:
        sent = desk.post("/staff/fjordlys/files/", {"for": "readings:fjordlys", "file": file})
    looked = SentFile.objects.get().found
    assert (looked["counts"]["quarantined"], looked["reasons"]) == (0, {}), "whose they are, its name says"
    assert desk.post(sent["Location"], {"act": "discard"}).status_code == 302
    path = files.json_lines(tmp_path / "verdier.jsonl", number(4), datetime(2026, 1, 31, 23, tzinfo=UTC), [9] * 24)
    body = io.BytesIO(path.read_bytes() + path.read_bytes().splitlines()[0].replace(b"0.009", b"-1") + b"\n")
    body.name = "verdier.jsonl"
    sent = desk.post("/staff/fjordlys/files/", {"for": "readings:fjordlys", "file": body})
    assert sent.status_code == 302, sent.text
    assert desk.post(sent["Location"], {"act": "confirm"}).status_code == 302
    with clock.travel(datetime(2026, 12, 1, tzinfo=UTC)):
        assert sending.take_in_waiting() == 1
    assert "24" in desk.get(sent["Location"]).text
    rows = desk.get("/staff/fjordlys/files/readings/fjordlys/rows/")
    assert rows.status_code == 200
    assert "negative" in rows.text or "negativt" in rows.text


def test_e1_a_switch_goes_over_the_market_hub_and_desk_and_customer_see_how_far(
    client: Client, kari: Any, monkeypatch: Any
) -> None:
    hub = MarketHub(0, token="of-the-test")
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        _over_the_hub(client, kari, monkeypatch, hub)
    finally:
        hub.shutdown()
        hub.server_close()


def _over_the_hub(client: Client, kari: Any, monkeypatch: Any, hub: MarketHub) -> None:
    desk = at_work(hire(kari.controller))
    page, overview = f"{link(find(desk, 'nordseth', key='fjordlys'))}power/", "/staff/fjordlys/market-hub/"
    assert "TILLIT_MARKET_HUB" in desk.get(overview).text
    point = point_of(kari.controller, kari.subject_id, 4, municipality="")
    right = {"act": "put_right", "point": point.id, "price_area": "NO1", "use": "home"}
    assert desk.post(page, right | {"municipality": "46"}).status_code == 422
    assert desk.post(page, right | {"municipality": "4601"}).status_code == 302
    monkeypatch.setitem(settings.MARKET_HUBS, "fjordlys", hub.address)
    asked = {"act": "out", "point": point.id, "reason": "switch", "day": "2026-04-01"}
    assert desk.post(page, asked).status_code == 302
    with scope_for(kari.controller, kari.subject_id):
        assert MeteringPoint.objects.get().municipality == "4601"
        switch = Switch.objects.get()
    assert desk.post(page, {"act": "confirm", "switch": switch.id}).status_code == 302
    assert "datasenter" in client.get(MINE).text
    hub.play({"reject": {number(4): "E16"}})
    assert desk.post(overview).status_code == 302
    shown = desk.get(overview).text
    assert number(4) in shown
    assert "BRS-NO-202" in shown
    assert "E16" in shown
    assert "avvist" in desk.get(page).text
    assert "avvist" in client.get(MINE).text
    hub.play({"messages": [{"message": "NotifyEndOfSupply", "meteringPointId": number(9), "day": "2026-04-01"}]})
    assert desk.post(overview).status_code == 302
    row = WaitingNotice.objects.get()
    assert "NotifyEndOfSupply" in desk.get(overview).text
    assert desk.post(overview, {"dismiss": row.pk}).status_code == 302
    assert "NotifyEndOfSupply" not in desk.get(overview).text
    assert desk.post(overview, {"dismiss": row.pk}).status_code == 404
    other = at_work(hire(kari.controller, "privacy_adviser", "Pia Vern"))
    assert other.get(overview).status_code == 404
