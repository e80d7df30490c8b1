"""Deleting the visualisation app ends its processing and what was derived for it the same second (E7)."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.power import customer, fill, point_of, retailer, scope_for
from tillit.declaration import registry
from tillit.declaration.registry import holding
from tillit.journeys import energy_app
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import PushSubscription
from tillit.parties.models import Subject
from tillit.power import queries
from tillit.power.errors import PowerError
from tillit.power.models import AppAccount, Contract, ReadingDay
from tillit.privacy import at_once
from tillit.privacy.models import Hold

pytestmark = pytest.mark.django_db


def _use(controller, subject):
    return energy_app.start(
        controller=controller, subject_id=subject, actor=system("test", {controller.pk}), at=clock.now()
    )


def _delete(controller, subject, how="min_side"):
    return energy_app.delete(
        controller=controller, subject_id=subject, actor=system("test", {controller.pk}), how=how, at=clock.now()
    )


def _device(controller, subject, *, gone=False):
    with scope_for(controller, subject, "app_operation"):
        PushSubscription.objects.create(
            subject_id=subject, controller_id=controller.pk, sealed=b"x", made_at=clock.now(),
            gone_at=clock.now() if gone else None,
        )  # fmt: skip


def _users(controller):
    with Scope(system("test", {controller.pk}), "app_operation"):
        return queries.app_users(controller_id=controller.pk)


def test_e7_deleting_the_app_removes_what_is_its_and_leaves_the_contract():
    controller = retailer()
    mine, other = customer(controller), customer(controller)
    point = point_of(controller, mine, 1)
    fill(controller, point, date(2026, 1, 5), [100] * 24)
    for subject in (mine, other):
        assert _use(controller, subject)
        assert not _use(controller, subject)
        _device(controller, subject)
    assert _users(controller) == {mine, other}
    gone = _delete(controller, mine)
    assert (gone["power_app_account"], gone["messages_push_subscription"]) == (1, 1)
    assert _users(controller) == {other}
    with Scope(system("test", {controller.pk}), "retention"):
        assert AppAccount.objects.filter(subject_id=mine).count() == 0
        assert PushSubscription.objects.filter(subject_id=mine).count() == 0
        assert PushSubscription.objects.filter(subject_id=other).count() == 1
        assert Contract.objects.filter(subject_id=mine).count() == 1
        assert ReadingDay.objects.filter(subject_id=mine).count() == 1
    assert sum(_delete(controller, mine).values()) == 0
    assert _use(controller, mine)


def test_e7_every_table_of_insight_goes_with_the_app():
    for table in holding("energy_insight"):
        assert "app_deleted" in table.clocks, table.table
    assert "app_deleted" in registry.PERSONAL["power_app_account"].clocks


def test_e7_an_app_whose_devices_are_all_gone_is_deleted():
    controller = retailer()
    left, both, never = (customer(controller) for _ in range(3))
    for subject in (left, both, never):
        _use(controller, subject)
    _device(controller, left, gone=True)
    _device(controller, both, gone=True)
    _device(controller, both)
    assert energy_app.detect_everywhere() == 1
    assert _users(controller) == {both, never}
    assert energy_app.detect_everywhere() == 0


def test_e7_a_device_from_before_the_app_or_one_of_another_subject_of_theirs_tells_nothing():
    controller = retailer()
    old, merged, off = (customer(controller) for _ in range(3))
    with clock.travel(datetime(2025, 2, 1, tzinfo=UTC)):
        _device(controller, old, gone=True)
    for subject in (old, merged, off):
        _use(controller, subject)
    other = customer(controller)
    Subject.objects.filter(pk=other).update(alias_of_id=merged)
    _device(controller, merged, gone=True)
    _device(controller, other)
    _device(controller, off, gone=True)
    with scope_for(controller, off, "app_operation"):
        PushSubscription.objects.update(removed_at=clock.now())
    assert energy_app.detect_everywhere() == 0
    with scope_for(controller, other, "app_operation"):
        PushSubscription.objects.filter(subject_id=other).update(gone_at=clock.now())
    assert energy_app.detect_everywhere() == 1
    assert _users(controller) == {old, off}


def test_e7_the_person_is_locked_before_any_row_is_marked():
    controller = retailer()
    mine = customer(controller)
    _use(controller, mine)
    with CaptureQueriesContext(connection) as asked:
        at_once.happened(
            controller=controller, subject_ids=[mine], event="app_deleted", activity="app_operation", at=clock.now()
        )
    locks, marks = (
        [n for n, one in enumerate(asked) if words in one["sql"]]
        for words in ("FROM parties_subject WHERE id = ANY", "UPDATE power_app_account")
    )
    assert marks
    assert locks[0] < marks[0]


def test_e7_a_hold_keeps_what_it_keeps_and_nothing_is_done_by_half(monkeypatch):
    controller = retailer()
    mine = customer(controller)
    _use(controller, mine)
    _device(controller, mine)
    monkeypatch.setattr(energy_app, "ACTIVITY", "newsletter")
    with pytest.raises(Exception, match="cannot be marked"):
        _delete(controller, mine)
    monkeypatch.undo()
    assert _users(controller) == {mine}
    with Scope(system("test", {controller.pk}), "rights_requests"):
        Hold.objects.create(
            subject_id=mine, controller_id=controller.pk, reason="claim", reference="K-1", since=clock.now()
        )
    assert _delete(controller, mine)["messages_push_subscription"] == 0
    assert _users(controller) == set()


def test_e7_who_declares_no_app_has_none():
    from tests.support.world import publish_examples

    club = publish_examples("bonus")["rundtur"]
    with pytest.raises(PowerError):
        _use(club, 1)
