"""No event is skipped and none is linked twice, whoever appends meanwhile and however long a transaction takes."""

import threading
from contextlib import ExitStack, closing
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.trail import CLUB, KARI, OTHER, append, check, lay, link
from tests.support.examples import tried
from tillit.audit import events, operations, queries
from tillit.kernel.scope import Scope, system

APPEND = """SELECT audit_append(%s, 'person.read', now(), 'system', '17', 'customer_service', ARRAY[%s]::bigint[],
            NULL, '{}')"""


def _linked(controller: int = CLUB) -> list[int]:
    return [row.link_event for row in queries.pages(controller=controller)]


def test_events_are_linked_in_the_order_of_their_transactions(fresh_db: Any) -> None:
    ids = lay(7)
    assert _linked() == ids
    assert operations.link(controller=CLUB) == {CLUB: 0}
    assert operations.link() == {0: 0, CLUB: 0}
    other = lay(3, controller=OTHER)
    assert (_linked(OTHER), _linked()) == (other, ids)


def test_small_chunks_make_the_same_chain_of_links(fresh_db: Any) -> None:
    ids = [append()[0] for _ in range(10)]
    assert link(CLUB, limit=3) == 10
    assert _linked() == ids
    assert (check().whole, check().heads) == (True, 4)


def test_a_long_transaction_holds_the_chain_and_is_not_lost(fresh_db: Any) -> None:
    with fresh_db.connect("app") as slow:
        first = slow.execute(APPEND, [CLUB, 41]).fetchone()[0][0]
        quick = [append()[0] for _ in range(3)]
        assert operations.link(controller=CLUB) == {CLUB: 0}
        report = check()
        assert (report.whole, report.waiting, report.oldest_waiting is not None) == (True, 3, True)
        slow.commit()
    assert link() == 4
    assert _linked() == [first, *quick]
    assert (check().whole, check().waiting) == (True, 0)


def test_the_chainer_never_overtakes_itself_or_another(fresh_db: Any) -> None:
    lay(1)
    append()
    with fresh_db.connect("app") as busy:
        busy.execute("SELECT set_config('tillit.activity', 'security_log', true)")
        busy.execute("SELECT set_config('tillit.controllers', %s, true)", [f"{{{CLUB}}}"])
        assert busy.execute("SELECT audit_lock(%s)", [CLUB]).fetchone() == (True,)
        assert operations.link(controller=CLUB) == {CLUB: 0}
    assert link() == 1
    with transaction.atomic():
        append()
        assert operations.link(controller=CLUB) == {CLUB: 0}  # our own transaction has not ended
    assert link() == 1
    assert check().whole


def test_postgresql_refuses_links_that_do_not_follow(fresh_db: Any) -> None:
    [old] = lay(1)
    [event] = append()
    last = queries.head(controller=CLUB)
    right: dict[str, Any] = {"first": 2, "previous": last.hash, "event": event, "leaf": bytes(32)}
    for wrong in (
        {"first": 3},
        {"first": 1},
        {"previous": bytes(32)},
        {"event": 12345},
        {"event": old},
        {"leaf": b"x"},
    ):
        with (
            pytest.raises(DatabaseError) as refused,
            Scope(system("audit", {CLUB}), "security_log"),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT audit_extend(1, %(first)s, %(previous)s, ARRAY[%(event)s]::bigint[], ARRAY[%(leaf)s]::bytea[],"
                " ARRAY[%(leaf)s]::bytea[], now(), 1::smallint)",
                right | wrong,
            )
        assert refused.value.__cause__.sqlstate in {"55000", "22023"}, wrong  # type: ignore[union-attr]
        assert len(_linked()) == 1
    link()
    assert len(_linked()) == 2


def test_events_from_another_cluster_are_linked_after_a_restore(fresh_db: Any) -> None:
    lay(2)
    [event] = append()
    with fresh_db.connect("owner", autocommit=True) as owner:
        for table, key in (("audit_event", "id"), ("audit_queue", "event_id")):
            owner.execute(f"UPDATE {table} SET xact = '900000000000'::xid8 WHERE {key} = %s", [event])
    later = append()
    assert link() == 2
    assert _linked()[2:] == [*later, event]
    assert check().whole


def test_eight_appenders_and_a_chainer_lose_and_double_nothing(fresh_db: Any) -> None:
    kept: list[int] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def appender(seed: int) -> None:
        chance = Random(seed)  # noqa: S311
        try:
            with fresh_db.connect("app") as own:
                for _ in range(60):
                    ids = [
                        event
                        for _ in range(chance.randint(1, 4))
                        for event in own.execute(APPEND, [chance.choice([CLUB, OTHER]), seed + 1]).fetchone()[0]
                    ]
                    if chance.random() < 0.2:
                        own.rollback()
                    else:
                        own.commit()
                        kept.extend(ids)
        except BaseException as fault:  # noqa: BLE001 (told by the test's own thread)
            faults.append(fault)

    def chainer() -> None:
        try:
            while not done.is_set():
                operations.link(limit=7)
                done.wait(0.002)
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=appender, args=[seed]) for seed in range(8)]
    chainers = [threading.Thread(target=chainer) for _ in range(2)]
    for thread in (*chainers, *workers):
        thread.start()
    for thread in workers:
        thread.join(120)
    linked_meanwhile = len(_linked()) + len(_linked(OTHER))
    done.set()
    for thread in chainers:
        thread.join(60)
    link(CLUB, OTHER)
    assert faults == []
    assert linked_meanwhile > 0
    assert sorted(_linked() + _linked(OTHER)) == sorted(kept)
    assert check().faults == check(OTHER).faults == {}


def test_any_interleaving_links_what_was_committed_once(fresh_db: Any) -> None:
    """Oracle: the list of committed events. Each run of the property works on a controller of its own."""
    controllers = iter(range(1000, 2000))
    step = st.tuples(st.integers(0, 3), st.sampled_from(["append", "append", "commit", "rollback", "link"]))

    @settings(max_examples=tried(25), deadline=None)
    @given(script=st.lists(step, max_size=40))
    def run(script: list[tuple[int, str]]) -> None:
        controller, kept = next(controllers), []
        pending: list[list[int]] = [[], [], [], []]
        with ExitStack() as stack:
            sessions = [stack.enter_context(closing(fresh_db.connect("app"))) for _ in pending]
            for who, what in script:
                if what == "append":
                    row = sessions[who].execute(APPEND, [controller, KARI]).fetchone()
                    pending[who].append(row[0][0])
                elif what == "link":
                    operations.link(controller=controller)
                    assert set(_linked(controller)) <= set(kept)
                else:
                    getattr(sessions[who], what)()
                    kept += pending[who] if what == "commit" else []
                    pending[who] = []
        link(controller)
        assert sorted(_linked(controller)) == sorted(kept)
        assert check(controller).faults == {}

    run()


def test_the_platform_has_a_chain_of_its_own(fresh_db: Any) -> None:
    append(events.BACKUP_MADE, controller=0, activity="security_log", details={"tables": 3})
    assert link(0) == 1
    assert (check(0).links, check(0).whole) == (1, True)
