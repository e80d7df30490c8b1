"""Promises about comparison, breakdown and alerts that are broken in the running system (E4, E5, E6)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.power.neighbourhood import measure, resident
from tests.support.power import retailer, scope_for
from tillit.kernel import clock
from tillit.power.insight import alerts, comparison, settings
from tillit.power.insight.models import MonthPart
from tillit.power.models import MeteringPoint
from tillit.privacy.prove.kinds import Finding
from tillit.privacy.prove.run import prove


def found(path: str) -> Finding:
    (one,) = (p for p in prove(controllers=["fjordlys"], kinds=["domains"]) if p.promise.path == f"activities.{path}")
    return one.finding


@pytest.fixture
def point(fresh_db: TestDatabase) -> Iterator[MeteringPoint]:
    with clock.travel(datetime(2026, 5, 8, 12, tzinfo=UTC)):
        controller = retailer()
        points = [resident(controller, n, email=f"nr{n}@post.example") for n in range(55)]
        measure(controller, date(2026, 4, 1), [(one, [100 + n] * 30 * 24) for n, one in enumerate(points)])
        comparison.release(controller_id=controller.pk)
        own: dict[str, Any] = {"subject_id": points[0].subject_id, "controller_id": controller.pk}
        with scope_for(controller, points[0].subject_id, "energy_insight"):
            MonthPart.objects.create(
                **own, point_id=points[0].id, month=date(2026, 4, 1), part="base", low_wh=1, middle_wh=2, high_wh=3,
                made_at=clock.now(),
            )  # fmt: skip
        with scope_for(controller, points[0].subject_id, "self_service") as scope:
            settings.keep_quiet(scope=scope, **own, starts=22 * 60, ends=7 * 60, zone="Europe/Oslo", at=clock.now())
            settings.want(
                scope=scope, **own, kind="readings_gap", channels=["email"], threshold=None, at=clock.now()
            )  # fmt: skip
        assert alerts.give(controller_id=controller.pk, kinds=alerts.AlertKind) == 1
        yield points[0]
    connection.close()


def test_e4_e5_e6_what_breaks_the_promises_is_seen(point: MeteringPoint, fresh_db: TestDatabase) -> None:
    promised = ("household_comparison", "energy_insight", "energy_alerts")
    assert [found(one).status for one in promised] == ["kept"] * 3
    assert found("household_comparison").evidence["groups"] == 1
    assert found("energy_alerts").evidence["alerts"] == 1
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE disclosure_release_cell SET people = 45")
        assert "too few" in found("household_comparison").why
        owner.execute("UPDATE disclosure_release_cell SET people = 55")
        owner.execute("UPDATE power_comparison_group SET mean_wh = efficient_to_wh - 1")
        assert "do not belong together" in found("household_comparison").why
        owner.execute("UPDATE power_app_account SET ended_at = now(), ended_by = 'min_side'")
        assert "do not use the app" in found("energy_insight").why
        owner.execute("UPDATE power_alert SET due_at = '2026-05-08T21:00Z'")
        assert "quiet hours" in found("energy_alerts").why
        owner.execute("UPDATE power_alert SET due_at = given_at, occasion = 'another'")
        assert "no alert stands for" in found("energy_alerts").why
        owner.execute("UPDATE messages_message SET key = 'readings_gap:another:email', handed_at = now()")
        owner.execute("UPDATE messages_message SET message_state = 'sent', settled_at = now()")
        owner.execute("UPDATE power_alert_setting SET email = false")
        assert "switched off" in found("energy_alerts").why
        owner.execute("UPDATE power_alert_setting SET email = true")
        owner.execute("UPDATE messages_message SET template = 'high_use'")
        assert "app that is deleted" in found("energy_alerts").why
        owner.execute("UPDATE messages_message SET template = 'readings_gap'")
    assert found("energy_alerts").status == "kept"
