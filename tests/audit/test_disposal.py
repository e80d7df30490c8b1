"""When an event's time is up it goes whole; its leaf stays, the chain stays whole, and the removal is on record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.audit.trail import CLUB, KARI, OLA, OTHER, append, check, lay, link
from tests.support.world import person, publish_examples
from tillit.audit import operations, queries
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy import retention


def _dispose(pairs: list[tuple[int, int]], *, activity: str = "retention", controllers: set[int] | None = None) -> int:
    with Scope(system("retention", controllers or {CLUB}), activity) as scope:
        return operations.dispose(scope=scope, events=pairs)


def _pairs(ids: list[int]) -> list[tuple[int, int]]:
    return [(KARI if place % 2 else OLA, event) for place, event in enumerate(ids)]


def test_disposal_leaves_a_whole_chain_and_nothing_of_the_event(fresh_db: Any) -> None:
    pairs = _pairs(lay(6))
    salts = [row.content.salt for row in queries.pages(controller=CLUB) if row.content]
    assert len(salts) == 6
    assert _dispose(pairs[1:4]) == 3
    report = check()
    assert (report.faults, report.disposed, report.links, report.waiting) == ({}, 3, 6, 1)
    link(CLUB)
    report = check()
    assert (report.faults, report.disposed, report.links, report.waiting) == ({}, 3, 7, 0)
    with fresh_db.connect("owner") as owner:
        assert owner.execute("SELECT count(*) FROM audit_event WHERE batch IN (1, 2, 3)").fetchone() == (0,)
        left = owner.execute("SELECT string_agg(l::text, ' ') FROM audit_link l").fetchone()
        assert left is not None
        assert str(KARI) not in left[0]
        assert not any(salt.hex() in left[0] for salt in salts)
    last = list(queries.pages(controller=CLUB))[-1].content
    assert last is not None
    assert (last.type, last.actor_ref, last.activity) == ("audit.disposed", "retention", "retention")
    assert last.subject_id == 0


def test_each_run_is_accounted_for_and_disposing_twice_does_nothing(fresh_db: Any) -> None:
    pairs = _pairs(lay(6))
    assert [_dispose(pairs[:2]), _dispose(pairs[:3]), _dispose(pairs), _dispose(pairs)] == [2, 1, 3, 0]
    link(CLUB)
    report = check()
    assert (report.faults, report.disposed, report.links) == ({}, 6, 9)


def test_what_is_not_linked_yet_and_the_record_of_disposals_stay(fresh_db: Any) -> None:
    pairs = _pairs(lay(2))
    [waiting] = append(subject=KARI)
    assert _dispose([(KARI, waiting)]) == 0
    assert _dispose(pairs) == 2
    link(CLUB)
    [record] = [row.link_event for row in queries.pages(controller=CLUB) if row.content and row.content.subject_id == 0]
    assert _dispose([(0, record), (KARI, waiting)]) == 1
    link(CLUB)
    assert check().faults == {}


def test_disposal_must_be_for_retention_or_rights_and_for_the_controller(fresh_db: Any) -> None:
    pairs = _pairs(lay(1))
    for wrong in ({"activity": "customer_service"}, {"controllers": {OTHER}}):
        with pytest.raises(Exception, match="scope is not for this") as refused:
            _dispose(pairs, **wrong)  # type: ignore[arg-type]
        assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
    assert _dispose(pairs, activity="rights_requests") == 1


def test_several_controllers_events_go_in_one_call(fresh_db: Any) -> None:
    pairs = _pairs(lay(2)) + _pairs(lay(3, controller=OTHER))
    assert _dispose(pairs, controllers={CLUB, OTHER}) == 5
    link(CLUB, OTHER)
    assert (check().disposed, check(OTHER).disposed, check().faults, check(OTHER).faults) == (2, 3, {}, {})


def test_a_disposal_before_its_time_shows_its_age(fresh_db: Any) -> None:
    """An owner can dress a removal up as a disposal; the record then shows how young the event was."""
    with clock.travel(clock.now() - timedelta(days=400)):
        old = _pairs(lay(2))
    young = _pairs(lay(2))
    _dispose(old)
    link(CLUB)
    assert check().youngest_disposed is not None
    assert check().youngest_disposed > timedelta(days=399)
    with fresh_db.connect("owner") as owner:
        for setting, value in (("activity", "retention"), ("actor", "system:retention"), ("controllers", "{1}")):
            owner.execute("SELECT set_config(%s, %s, true)", [f"tillit.{setting}", value])
        owner.execute("SELECT audit_dispose(%s, %s)", [[young[0][0]], [str(young[0][1])]])
    link(CLUB)
    assert check().faults == {}
    assert check().youngest_disposed < timedelta(days=1)


def test_tampering_after_disposal_is_still_seen(fresh_db: Any) -> None:
    pairs = _pairs(lay(5))
    _dispose(pairs[1:3])
    link(CLUB)
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE audit_link SET disposed_batch = disposed_batch + 1 WHERE seq = 2")
        assert check().faults == {"removed": 2}
        owner.execute("UPDATE audit_link SET disposed_batch = disposed_batch - 1 WHERE seq = 2")
        assert check().faults == {}
        owner.execute("UPDATE audit_link SET disposed_batch = NULL WHERE seq = 3")
        assert check().faults == {"removed": 2}


def test_h10_the_declared_period_ends_an_event_and_the_chain_stays_whole(fresh_db: Any) -> None:
    club = publish_examples("power")["fjordlys"]  # a year for who has looked
    customer = person(club, "customer")
    with clock.travel(clock.now() - timedelta(days=370)):
        append(controller=club.pk, subject=customer)
        assert link(club.pk) == 2  # the publishing of the declaration is an event, too
    [kept] = append(controller=club.pk, subject=customer)
    assert link(club.pk) == 1
    retention.run()
    assert [event.event_id for event in _shown(club.pk) if event.type == "person.read"] == [kept]
    link(club.pk)
    retention.run()
    link(club.pk)
    report = check(club.pk)
    assert (report.faults, report.disposed, report.waiting) == ({}, 1, 0)
    assert report.links > 4  # the runs themselves are events, too
    assert report.youngest_disposed is not None
    assert report.youngest_disposed >= timedelta(days=366)


def _shown(controller: int) -> list[queries.Shown]:
    return list(queries.since(controller=controller, since=datetime(2020, 1, 1, tzinfo=UTC)))


@pytest.mark.django_db
def test_the_disposer_is_the_one_the_registry_names() -> None:
    from tillit.declaration import registry

    table = registry.PERSONAL["audit_event"]
    assert (table.disposer, table.category, table.writer) == ("audit_dispose", "access_record", "tillit_audit")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_function_identity_arguments('audit_dispose'::regproc)")
        assert cursor.fetchone()[0] == "in_subjects bigint[], in_ids text[]"
