"""The home beside others, the breakdown and the alerts, through the pages (E4, E5, E6, E7)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tests.power.neighbourhood import measure, resident
from tests.support import databases
from tests.support.power import point_of, retailer, scope_for
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys import energy_app, home_energy
from tillit.kernel import clock
from tillit.kernel.scope import Scope, ScopeError, system
from tillit.power import operations
from tillit.power.insight import alerts, comparison
from tillit.power.insight.models import AlertSetting, MonthPart
from tillit.power.models import MeteringPoint

HOME, ALERTS = "/fjordlys/min-side/home-energy/", "/fjordlys/min-side/alerts/"
MONTH, NIGHT = date(2026, 4, 1), datetime(2026, 5, 8, 1, tzinfo=UTC)


@dataclass
class Own:
    """A signed-in customer whose home is one of fifty that are alike; and a browser."""

    controller: Controller
    point: MeteringPoint
    browser: Client

    def text(self, page: str) -> str:
        answer = self.browser.get(page)
        assert answer.status_code == 200
        return answer.content.decode()

    def settings(self) -> dict[str, AlertSetting]:
        with scope_for(self.controller, self.point.subject_id, "self_service"):
            return {row.kind: row for row in AlertSetting.objects.all()}


def _built() -> tuple[Controller, MeteringPoint, Person]:
    with clock.travel(NIGHT):
        controller = retailer()
        kari = make_person(controller, "Kari", "Nordmann", "+47 400 00 111", kind="customer")
        point = point_of(controller, kari.subject_id, 900, starts=date(2026, 3, 1))
        who = {"controller": controller, "subject_id": kari.subject_id}
        energy_app.start(**who, actor=system("test", {controller.pk}), at=clock.now())
        with scope_for(controller, kari.subject_id) as scope:
            operations.tell_household(scope=scope, point=point, dwelling="flat", heating="electric")
        others = [resident(controller, n) for n in range(49)]
        measure(controller, MONTH, [(one, [100 + n] * 30 * 24) for n, one in enumerate([point, *others])])
        comparison.release(controller_id=controller.pk)
        return controller, point, kari


@pytest.fixture(scope="module")
def built(_published_before: None, django_db_blocker: Any) -> Iterator[tuple[Controller, MeteringPoint, Person]]:
    """The fifty homes, built once, in a database that the module's tests have."""
    with django_db_blocker.unblock(), databases.filled(_built) as made:
        before = databases.repoint(made.name)
        yield made.facts
        databases.repoint(before)


@pytest.fixture
def own(built: tuple[Controller, MeteringPoint, Person], db: Any, client: Client) -> Iterator[Own]:
    controller, point, kari = built
    with clock.travel(NIGHT):
        sign_in(client, kari)
        yield Own(controller, point, client)


def test_e4_e5_the_page_shows_the_group_and_the_parts_with_their_ranges(own: Own) -> None:
    with scope_for(own.controller, own.point.subject_id, "energy_insight"):
        for part, wh in (("base", 30_000), ("heating", 40_000), ("behaviour", 2_000)):
            MonthPart.objects.create(
                subject_id=own.point.subject_id, controller_id=own.controller.pk, point_id=own.point.id, month=MONTH,
                part=part, low_wh=wh // 2, middle_wh=wh, high_wh=wh * 2, made_at=clock.now(),
            )  # fmt: skip
    text = own.text(HOME)
    assert "Du er blant femdelen som bruker minst" in text
    assert "Minst 50 husstander" in text
    assert "Du brukte 72 kWh. Lignende husstander brukte 90 kWh" in text
    assert "trolig 20 til 80" in text
    assert "Oppvarming" in text
    assert "Blant femdelen som bruker minst" in text
    assert "t-plot" not in text, "one month is no row of bars"
    assert own.browser.get(f"{HOME}2/").status_code == 404


def test_e4_who_objects_is_not_compared_and_may_change_it(own: Own) -> None:
    assert "Minst 50 husstander" in own.text(HOME)
    for on, shown in (("0", False), ("1", True)):
        switch = {"activity": "household_comparison", "channel": "web", "on": on}
        own.browser.post("/fjordlys/min-side/choices/", switch)
        assert ("Minst 50 husstander" in own.text(HOME)) is shown


def test_e6_each_alert_is_switched_on_and_off_by_channel(own: Own) -> None:
    form = {"kind": "price_above", "threshold": "250", "channel": ["email", "sms"]}
    assert own.browser.post(ALERTS, form).status_code == 302
    row = own.settings()["price_above"]
    assert (row.threshold, row.email, row.sms, row.push, row.app) == (250, True, True, False, False)
    own.browser.post(ALERTS, {"kind": "capacity_peak", "threshold": "7,5", "channel": ["app"]})
    assert own.settings()["capacity_peak"].threshold == 7_500
    own.browser.post(ALERTS, {"kind": "price_above", "threshold": "250"})
    assert not alerts.channels_of(own.settings()["price_above"])
    refused = own.browser.post(ALERTS, {"kind": "price_above", "threshold": "dyrt", "channel": ["email"]})
    assert refused.status_code == 422
    assert "Oppgi en grense som et tall" in refused.content.decode()


def test_e6_quiet_hours_are_kept_and_alerts_that_were_given_are_listed_in_the_readers_language(own: Own) -> None:
    form = {"kind": "quiet", "on": "1", "starts": "23:00", "ends": "06:30", "zone": "Europe/London"}
    assert own.browser.post(ALERTS, form).status_code == 302
    text = own.text(ALERTS)
    assert 'value="06:30"' in text
    assert "<option selected>Europe/London" in text
    assert own.browser.post(ALERTS, {**form, "starts": "06:30"}).status_code == 422
    assert own.browser.post(ALERTS, {**form, "zone": "Mars/Olympus"}).status_code == 422
    own.browser.post(ALERTS, {"kind": "readings_gap", "channel": ["app"]})
    assert "Ingen varsler ennå" in own.text(ALERTS)
    assert alerts.give(controller_id=own.controller.pk, kinds=alerts.AlertKind) == 1
    assert "Vi har ikke fått måleverdier fra hjemmet ditt siden 1. mai 2026" in own.text(ALERTS)
    own.browser.post(reverse("language"), {"language": "en"})
    assert "no meter values from your home since May 1, 2026" in own.text(ALERTS), "days and numbers change with it"


def test_e7_deleting_the_app_takes_what_was_derived_and_the_apps_alerts_in_one_go(own: Own) -> None:
    for kind, limit in (("high_use", "30"), ("price_above", "200")):
        own.browser.post(ALERTS, {"kind": kind, "threshold": limit, "channel": ["email"]})
    with scope_for(own.controller, own.point.subject_id, "energy_insight"):
        MonthPart.objects.create(
            subject_id=own.point.subject_id, controller_id=own.controller.pk, point_id=own.point.id, month=MONTH,
            part="base", low_wh=1, middle_wh=2, high_wh=3, made_at=clock.now(),
        )  # fmt: skip
    assert set(own.settings()) == {"high_use", "price_above"}
    actor = system("test", {own.controller.pk})
    who = {"controller": own.controller, "subject_id": own.point.subject_id}
    gone = energy_app.delete(**who, actor=actor, how="min_side", at=clock.now())
    assert (gone["power_month_part"], gone["power_alert_setting"]) == (1, 1)
    assert set(own.settings()) == {"price_above"}
    text = own.text(HOME)
    assert "Dette hører til appen" in text
    assert "Minst 50 husstander" not in text


def test_e6_the_desk_is_told_over_which_channels_and_what_is_off_in_both_languages(own: Own) -> None:
    own.browser.post(ALERTS, {"kind": "readings_gap", "channel": ["email", "app"]})
    own.browser.post(ALERTS, {"kind": "contract", "channel": ["app"]})
    desk = at_work(hire(own.controller))
    page = f"{link(find(desk, 'nordmann', key='fjordlys'))}alerts/"
    for language, off, only in (("nb", "Av", "Bare her på Min side"), ("en", "Off", "Only here on Min side")):
        desk.post(reverse("language"), {"language": language})
        said = re.findall(r"<dd>(.*?)</dd>", desk.get(page).text)
        assert said.count(off) == len(said) - 2
        assert said.count(only) == 1


def test_e6_the_desk_sees_alerts_for_a_purpose_that_may_and_it_is_on_record(own: Own) -> None:
    own.browser.post(ALERTS, {"kind": "readings_gap", "channel": ["email"]})
    alerts.give(controller_id=own.controller.pk, kinds=alerts.AlertKind)
    desk = {"actor": system("test", {own.controller.pk}), "controller": own.controller}
    page = home_energy.desk_alerts(**desk, activity="customer_service", subject_id=own.point.subject_id)
    assert [one.kind for one in page.given] == ["readings_gap"]
    with pytest.raises(ScopeError):
        home_energy.desk_alerts(**desk, activity="power_supply", subject_id=own.point.subject_id)
    assert not home_energy.may_look(controller=own.controller, activity="surveys")
    with Scope(system("test", {own.controller.pk}), "security_log"):
        (read,) = Event.objects.filter(type="person.read", subject_id=own.point.subject_id)
    assert read.details == {"purpose": "customer_service", "categories": ["energy_alert"]}
