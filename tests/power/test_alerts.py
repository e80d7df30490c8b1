"""Alerts: of what was chosen, once, over the channels that are on, and not at night (E6)."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.conf import settings as site
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from tests.power.neighbourhood import resident
from tests.support.power import fill, retailer, scope_for
from tillit.consent import operations as consent
from tillit.declaration.models import Controller
from tillit.journeys import energy_app
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.messages.operations import send
from tillit.power.insight import alerts, conditions, settings
from tillit.power.insight.errors import InsightError
from tillit.power.insight.models import Alert, AlertKind, AlertSetting, MonthPart
from tillit.power.insight.wording import worded
from tillit.power.models import AppAccount, Contract, MeteringPoint
from tillit.power.prices import RATE
from tillit.power.prices.models import Levy, SpotDay

NOW = datetime(2026, 11, 16, 14, tzinfo=UTC)  # a Monday, three in the afternoon in Oslo
TODAY, TOMORROW = date(2026, 11, 16), date(2026, 11, 17)


@dataclass
class Flat:
    """A customer on spot who uses the app and can be reached by e-mail and SMS."""

    controller: Controller
    point: MeteringPoint

    def want(self, kind: str, *channels: str, threshold: int | None = None) -> AlertSetting:
        with scope_for(self.controller, self.point.subject_id, "self_service") as scope:
            return settings.want(
                scope=scope, subject_id=self.point.subject_id, controller_id=self.controller.pk, kind=kind,
                channels=channels, threshold=threshold, at=clock.now(),
            )  # fmt: skip

    def quiet(self, starts: int, ends: int, zone: str = "Europe/Oslo") -> None:
        with scope_for(self.controller, self.point.subject_id, "self_service") as scope:
            settings.keep_quiet(
                scope=scope, subject_id=self.point.subject_id, controller_id=self.controller.pk, starts=starts,
                ends=ends, zone=zone, at=clock.now(),
            )  # fmt: skip

    def give(self, *kinds: AlertKind) -> int:
        return alerts.give(controller_id=self.controller.pk, kinds=kinds or list(AlertKind))

    def given(self) -> list[Alert]:
        with scope_for(self.controller, self.point.subject_id, "self_service"):
            return alerts.given_to(subject_id=self.point.subject_id, controller_id=self.controller.pk)

    def messages(self) -> list[Message]:
        with scope_for(self.controller, self.point.subject_id, "energy_alerts"):
            return list(Message.objects.filter(activity="energy_alerts").order_by("channel"))


def build() -> Flat:
    controller = retailer()
    Levy.objects.create(kind="vat", rate=2_500, starts=date(2020, 1, 1))
    return Flat(controller, resident(controller, 1, email="kari@post.example", phone="+4740000001"))


@pytest.fixture
def flat(db: None) -> Iterator[Flat]:
    with clock.travel(NOW):
        yield build()


def prices(day: date, ore: list[int]) -> None:
    """Spot of NO1 on the day, øre a kWh without VAT."""
    packed = (np.array(ore, dtype="<i4") * RATE).astype("<i4").tobytes()
    SpotDay.objects.create(area="NO1", day=day, vintage="final", published_at=clock.now(), per_hour=1, prices=packed)


def test_e6_a_price_alert_names_the_hours_and_comes_once_over_each_channel_that_is_on(
    flat: Flat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "SMS_GATEWAY", "http://simulator@127.0.0.1:1")
    prices(TODAY, [300] * 12 + [100] * 12)  # what is over is no news
    prices(TOMORROW, [100] * 17 + [250, 260] + [100] * 5)
    flat.want("price_above", "email", "sms", threshold=300)
    assert flat.give() == 1
    assert flat.give() == 0
    (alert,) = flat.given()
    assert (alert.kind, alert.occasion) == ("price_above", f"{flat.point.id}:{TOMORROW}")
    assert alert.values == {"day": "2026-11-17", "hours": "17–19", "price": 325, "limit": 300}
    assert [(one.channel, one.message_state) for one in flat.messages()] == [("email", "queued"), ("sms", "queued")]
    assert {one.valid_until for one in flat.messages()} == {datetime(2026, 11, 17, 18, tzinfo=UTC)}
    assert {one.content["day"] for one in flat.messages()} == {"17. november 2026"}


def test_e6_nobody_is_locked_for_what_is_told(flat: Flat) -> None:
    prices(TOMORROW, [200] * 24)
    flat.want("price_above", "email", threshold=100)
    with CaptureQueriesContext(connection) as first:
        assert flat.give() == 1
    with CaptureQueriesContext(connection) as again:
        assert flat.give() == 0
    locks = [sum("FOR UPDATE" in one["sql"] for one in asked) for asked in (first, again)]
    assert locks[0] > 0
    assert locks[1] == 0


def test_e6_nobody_whose_processing_is_restricted_is_told_of_anything(flat: Flat) -> None:
    prices(TOMORROW, [200] * 24)
    flat.want("price_above", "email", threshold=100)
    flat.want("readings_gap", "email")
    assert flat.give(AlertKind.PRICE_ABOVE) == 1
    with scope_for(flat.controller, flat.point.subject_id, "rights_requests") as scope:
        who = {"subject_id": flat.point.subject_id, "controller_id": flat.controller.pk}
        consent.restrict(scope=scope, **who, ground="accuracy", at=clock.now())
    assert flat.give() == 0
    assert outbox.deliver().sent == 0, "nor what was queued before"
    with scope_for(flat.controller, flat.point.subject_id, "rights_requests") as scope:
        consent.lift(scope=scope, subject_id=flat.point.subject_id, at=clock.now())
    assert flat.give() == 1, "of what is there still"
    assert sorted(one.kind for one in flat.given()) == ["price_above", "readings_gap"]


def test_e6_what_is_switched_off_is_not_told_and_each_kind_stands_by_itself(flat: Flat) -> None:
    prices(TOMORROW, [10] * 24)
    assert flat.give() == 0
    flat.want("price_below", "email", threshold=50)
    flat.want("price_above", "email", threshold=50)
    flat.want("price_below", threshold=50)
    assert flat.give() == 0
    flat.want("price_below", "app", threshold=50)
    assert flat.give() == 1  # on Min side and nowhere else
    assert flat.messages() == []
    assert [one.kind for one in flat.given()] == ["price_below"]


def test_e6_price_alerts_are_of_contracts_whose_terms_have_prices_by_the_hour(flat: Flat) -> None:
    prices(TOMORROW, [200] * 24)
    flat.want("price_above", "email", threshold=100)
    with scope_for(flat.controller, flat.point.subject_id):
        Contract.objects.update(kind="fixed")
    assert flat.give() == 0
    with scope_for(flat.controller, flat.point.subject_id):
        Contract.objects.update(kind="spot")
    assert flat.give() == 1


def test_e6_quiet_hours_of_the_customers_own_zone_hold_an_alert_back_to_their_end(flat: Flat) -> None:
    flat.want("high_use", "email", threshold=20_000)
    fill(flat.controller, flat.point, date(2026, 11, 15), [1_000] * 24)
    flat.quiet(15 * 60, 18 * 60)
    assert flat.give() == 1
    (alert,) = flat.given()
    assert alert.due_at == datetime(2026, 11, 16, 17, tzinfo=UTC)
    assert [one.due_at for one in flat.messages()] == [alert.due_at]
    assert outbox.deliver().sent == 0
    clock.advance(timedelta(hours=4))
    assert outbox.deliver().sent == 1
    flat.quiet(22 * 60, 7 * 60, "America/New_York")  # three in the afternoon there
    flat.want("readings_gap", "email")
    with clock.travel(datetime(2026, 11, 23, 20, tzinfo=UTC)):
        assert flat.give(AlertKind.READINGS_GAP) == 1
        assert flat.given()[0].due_at == clock.now()


def test_e6_no_news_any_more_is_not_sent(flat: Flat) -> None:
    prices(TODAY, [300] * 24)
    flat.want("price_above", "email", threshold=300)
    flat.quiet(15 * 60, 23 * 60 + 59)
    assert flat.give() == 1
    with clock.travel(datetime(2026, 11, 16, 23, 30, tzinfo=UTC)):
        assert outbox.deliver().withheld == 1
    assert [one.reason for one in flat.messages()] == ["too-late"]


def test_e6_high_use_peaks_gaps_contracts_and_advice(flat: Flat) -> None:
    day = [500] * 18 + [4_900] + [500] * 5
    fill(flat.controller, flat.point, date(2026, 11, 1), day * 5)
    flat.want("capacity_peak", "email", threshold=5_000)
    flat.want("high_use", "email", threshold=10_000)
    flat.want("readings_gap", "email")
    flat.want("contract", "email")
    flat.want("saving_advice", "email")
    with scope_for(flat.controller, flat.point.subject_id):
        Contract.objects.update(ends=date(2026, 12, 1), end_reason="switched")
    with scope_for(flat.controller, flat.point.subject_id, "energy_insight"):
        for part, wh in (("base", 100_000), ("behaviour", 150_000)):
            MonthPart.objects.create(
                subject_id=flat.point.subject_id, controller_id=flat.controller.pk, point_id=flat.point.id,
                month=date(2026, 10, 1), part=part, low_wh=wh // 2, middle_wh=wh, high_wh=2 * wh, made_at=clock.now(),
            )  # fmt: skip
    assert flat.give() == 4
    assert flat.give() == 0
    said = {one.template: worded(one.values, "nb") for one in flat.given()}
    assert said["capacity_peak_near"] == {"mean": "4,9", "edge": "5", "highest": "4,9", "count": "3"}
    assert said["readings_gap"] == {"day": "6. november 2026"}
    assert said["contract_ends"] == {"day": "30. november 2026"}
    assert said["saving_base"] == {"month": "oktober", "low": "50", "high": "200"}
    fill(flat.controller, flat.point, date(2026, 11, 13), [600] * 17 + [5_200] * 3 + [600] * 4)
    fill(flat.controller, flat.point, date(2026, 11, 14), [600] * 17 + [5_200] * 3 + [600] * 4)
    assert flat.give() == 2
    said = {one.template: worded(one.values, "nb") for one in flat.given()}
    assert said["capacity_peak_over"]["mean"] == "5,1"
    assert said["high_use"] == {"day": "14. november 2026", "use": "28,2", "limit": "10"}


def test_e6_important_messages_are_told_of_once_a_day_over_the_channels_that_are_on(flat: Flat) -> None:
    def write(key: str) -> None:
        with scope_for(flat.controller, flat.point.subject_id, "important_notices") as scope:
            send(
                scope=scope, controller_id=flat.controller.pk, subject_id=flat.point.subject_id,
                template="contract_ends", values={"day": "1. desember"}, at=clock.now(), key=key, channels=["email"],
            )  # fmt: skip

    write("before it was asked for")
    clock.advance(timedelta(minutes=1))
    assert flat.give(AlertKind.IMPORTANT) == 0, "off until it is switched on"
    flat.want("important", "email")
    assert flat.give(AlertKind.IMPORTANT) == 0, "what came before is no news"
    write("one")
    write("another of the day")
    assert flat.give(AlertKind.IMPORTANT) == 1
    assert flat.give(AlertKind.IMPORTANT) == 0
    assert [(one.template, worded(one.values, "en")) for one in flat.given()] == [
        ("important_waits", {"day": "November 16, 2026"})
    ]
    assert [(one.channel, one.message_state) for one in flat.messages()] == [("email", "queued")]
    flat.want("important")
    clock.advance(timedelta(days=1))
    write("off again")
    assert flat.give(AlertKind.IMPORTANT) == 0
    with scope_for(flat.controller, flat.point.subject_id, "important_notices"):
        assert Message.objects.filter(activity="important_notices").count() == 4, "the messages themselves go on"


def test_e6_e7_what_belongs_to_the_app_ends_with_it_and_the_contracts_alerts_stay(flat: Flat) -> None:
    prices(TOMORROW, [200] * 24)
    fill(flat.controller, flat.point, date(2026, 11, 15), [1_000] * 24)
    flat.want("high_use", "email", threshold=10_000)
    flat.want("price_above", "email", threshold=100)
    with scope_for(flat.controller, flat.point.subject_id, "app_operation"):
        AppAccount.objects.update(ended_at=clock.now(), ended_by="member")
    assert flat.give() == 1
    assert [one.kind for one in flat.given()] == ["price_above"]
    with pytest.raises(InsightError) as refused:
        flat.want("capacity_peak", "email", threshold=5_000)
    assert refused.value.code == "no-app"


@pytest.mark.parametrize(
    ("kind", "channels", "threshold", "code"),
    [
        ("weather", ["email"], None, "unknown-kind"),
        ("price_above", ["post"], 100, "unknown-channel"),
        ("price_above", ["email"], None, "threshold"),
        ("price_above", ["email"], 10**6, "threshold"),
    ],
)
def test_e6_a_choice_that_cannot_be_kept_is_refused(
    flat: Flat, kind: str, channels: list[str], threshold: int | None, code: str
) -> None:
    with pytest.raises(InsightError) as refused:
        flat.want(kind, *channels, threshold=threshold)
    assert refused.value.code == code


def test_e6_an_alert_is_given_once_though_a_worker_is_killed_on_the_way(fresh_db: object) -> None:
    with clock.travel(NOW):
        flat = build()
        prices(TOMORROW, [200] * 24)
        flat.want("price_above", "email", threshold=100)
        connections.close_all()
        worker = multiprocessing.get_context("fork").Process(target=_killed, args=(flat,))
        worker.start()
        worker.join(timeout=60)
        assert worker.exitcode == -signal.SIGKILL
        assert flat.given() == []
        assert flat.messages() == []
        assert (flat.give(), flat.give()) == (1, 0)
        assert [one.channel for one in flat.messages()] == ["email"]
        assert outbox.deliver().sent == 1
        assert outbox.deliver().sent == 0


def _killed(flat: Flat) -> None:
    """Give, and die between noting the alert and having its messages in the outbox."""

    def dies(**_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    alerts.send_many = dies  # type: ignore[assignment]
    flat.give()


def test_e6_quiet_hours_over_midnight_and_over_a_clock_change() -> None:
    night = {"starts": 22 * 60, "ends": 7 * 60, "zone": "Europe/Oslo"}
    evening, morning = datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)
    assert conditions.due(evening, **night) == datetime(2026, 10, 25, 6, tzinfo=UTC)  # the night the clock is set back
    assert conditions.due(morning, **night) == datetime(2026, 10, 25, 6, tzinfo=UTC)
    noon = datetime(2026, 10, 25, 11, tzinfo=UTC)
    assert conditions.due(noon, **night) == noon


def test_e6_a_step_is_warned_of_before_it_is_reached_and_never_below() -> None:
    assert conditions.peak([4_000, 4_100, 4_200], 5_000) is None
    near = conditions.peak([4_900, 4_600, 4_800, 3_000], 5_000)
    assert near is not None
    assert (near.mean, near.over) == (4_766, False)
    assert conditions.peak([9_000, 2_000], 6_000) is None  # two days say little
    over = conditions.peak([9_000, 5_000, 4_500], 5_000)
    assert over is not None
    assert over.over
    assert conditions.next_step([4_000] * 3, [], [0, 2_000, 5_000, 10_000]) == 5_000
    assert conditions.next_step([11_000] * 3, [], [0, 2_000, 5_000, 10_000]) is None


def test_e6_what_is_switched_off_or_comes_into_quiet_hours_after_it_was_queued_is_not_sent(flat: Flat) -> None:
    flat.want("readings_gap", "email")
    flat.quiet(15 * 60 + 30, 18 * 60)
    assert flat.give() == 1
    clock.advance(timedelta(hours=1))  # put in at three, late: it is four by now
    assert outbox.deliver().sent == 0
    (message,) = flat.messages()
    assert (message.message_state, message.due_at) == ("queued", datetime(2026, 11, 16, 17, tzinfo=UTC))
    assert message.attempts == 0, "no try was made"
    clock.advance(timedelta(hours=3))
    flat.want("readings_gap", "app")
    assert outbox.deliver().withheld == 1
    assert [one.reason for one in flat.messages()] == ["switched-off"]


def test_e6_e7_messages_of_the_app_go_with_it(flat: Flat) -> None:
    flat.want("high_use", "email", threshold=20_000)
    flat.want("readings_gap", "email")
    for day in (15, 16):
        fill(flat.controller, flat.point, date(2026, 11, day), [1_000] * 24)
        with clock.travel(NOW + timedelta(days=day - 15)):
            assert flat.give(AlertKind.HIGH_USE) == 1
            if day == 15:
                assert outbox.deliver().sent == 1
    with clock.travel(NOW + timedelta(days=10)):
        assert flat.give(AlertKind.READINGS_GAP) == 1
        assert all(one.content for one in flat.messages())
        energy_app.delete(
            controller=flat.controller, subject_id=flat.point.subject_id,
            actor=system("test", {flat.controller.pk}), how="min_side", at=clock.now(),
        )  # fmt: skip
        app = [one for one in flat.messages() if one.template == "app_alert_gone"]
        assert sorted(one.message_state for one in app) == ["sent", "withheld"]
        assert [(one.content, one.key) for one in app] == [({}, None)] * 2
        assert outbox.deliver().sent == 1, "what belongs to the contract"
        assert [one.template for one in flat.messages() if one.message_state == "sent"].count("readings_gap") == 1


def test_e6_quiet_hours_hold_over_both_clock_changes() -> None:
    oslo = {"zone": "Europe/Oslo"}

    def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, month, day, hour, minute, tzinfo=UTC)

    late = {"starts": 22 * 60, "ends": 2 * 60 + 30, **oslo}
    for now in (utc(10, 25, 0, 10), utc(10, 25, 0, 40), utc(10, 25, 1, 10)):  # 02:10, 02:40, and 02:10 once more
        assert conditions.due(now, **late) == utc(10, 25, 1, 30), now
    assert conditions.due(utc(10, 25, 1, 30), **late) == utc(10, 25, 1, 30)
    assert conditions.due(utc(3, 29, 0, 30), **late) == utc(3, 29, 1), "half past two is skipped: three"
    assert conditions.due(utc(3, 29, 1, 10), **late) == utc(3, 29, 1, 10)
    early = {"starts": 2 * 60 + 30, "ends": 4 * 60, **oslo}
    assert conditions.due(utc(3, 29, 1, 10), **early) == utc(3, 29, 2)
    assert conditions.due(utc(3, 29, 0, 50), **early) == utc(3, 29, 0, 50)
