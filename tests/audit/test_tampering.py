"""Whoever owns the tables can change them; the chain tells. Each way in turn, seen, and whole again once undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.audit.trail import CLUB, OTHER, append, check, lay, link
from tillit.audit import heads, operations, queries
from tillit.audit.errors import ChainRefusedError

BYTE = "set_byte({0}, 0, get_byte({0}, 0) # 1)"
NEXT = "{0} + 1"
LETTER = "left({0}, -1) || chr(ascii(right({0}, 1)) # 1)"
INSTANT = "{0} + interval '1 microsecond'"

# Every column but the row state, which is no part of what happened: how to change it by one byte, and the fault seen.
EVENT = {
    "subject_id": (NEXT, {"changed": 1}),
    "id": (NEXT, {"removed": 1, "unaccounted": 1}),
    "controller_id": (NEXT, {"changed": 1}),
    "xact": ("({0}::text::bigint + 1)::text::xid8", {"changed": 1}),
    "at": (INSTANT, {"changed": 1}),
    "recorded_at": (INSTANT, {"changed": 1}),
    "actor_kind": (LETTER, {"changed": 1}),
    "actor_ref": (LETTER, {"changed": 1}),
    "activity": (LETTER, {"changed": 1}),
    "type": (LETTER, {"changed": 1}),
    "batch": (NEXT, {"changed": 1}),
    "details": ("replace({0}::text, 'enquiry', 'enquirx')::jsonb", {"changed": 1}),
    "salt": (BYTE, {"changed": 1}),
}
LINK = {
    "controller_id": (NEXT, {"gap": 1}),
    "seq": ("{0} + 100", {"gap": 98, "forged": 1}),  # 3 is missing, and 6 to 102
    "event_id": (NEXT, {"removed": 1, "unaccounted": 1}),
    "key_version": (NEXT, {"forged": 1, "changed": 1}),
    "linked_at": (INSTANT, {"forged": 1}),
    "leaf": (BYTE, {"forged": 1, "changed": 1}),
    "previous": (BYTE, {"forged": 1}),
    "hash": (BYTE, {"forged": 2}),
    "disposed_batch": ("7", {"removed": 1, "copied": 1}),
}


@pytest.fixture
def owner(fresh_db: Any) -> Iterator[psycopg.Connection[Any]]:
    with fresh_db.connect("owner", autocommit=True) as connection:
        yield connection


@contextmanager
def undone(owner: psycopg.Connection[Any], *tables: str) -> Iterator[None]:
    """Put the tables back as they were afterwards."""
    for table in tables:
        owner.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")
    yield
    for table in tables:
        owner.execute(f"DELETE FROM {table}")
        owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
        owner.execute(f"DROP TABLE kept_{table}")


def test_the_columns_tampered_with_are_all_there_are(owner: psycopg.Connection[Any]) -> None:
    for table, known in (("audit_event", {*EVENT, "state"}), ("audit_link", set(LINK))):
        rows = owner.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        assert {row[0] for row in rows} == known


def test_one_byte_of_any_column_is_seen(owner: psycopg.Connection[Any]) -> None:
    lay(5)
    assert check().whole
    for table, key, columns in (("audit_event", "batch = 2", EVENT), ("audit_link", "seq = 3", LINK)):
        for column, (change, faults) in columns.items():
            with undone(owner, table):
                done = owner.execute(f"UPDATE {table} SET {column} = {change.format(column)} WHERE {key}")
                assert done.rowcount == 1
                assert check().faults == faults, f"{table}.{column}"
            assert check().whole, f"{table}.{column}"


def test_the_removal_of_any_row_is_seen_the_last_one_too(owner: psycopg.Connection[Any]) -> None:
    ids = lay(5)
    for place, event in enumerate(ids, 1):
        with undone(owner, "audit_event", "audit_link"):
            owner.execute("DELETE FROM audit_event WHERE id = %s", [event])
            found = check()
            assert (found.faults, found.findings) == ({"removed": 1}, [("removed", CLUB, place, event)])
            owner.execute("DELETE FROM audit_link WHERE event_id = %s", [event])
            assert check().faults == ({"truncated": 1} if place == 5 else {"gap": 1})
    with undone(owner, "audit_event", "audit_link"):
        owner.execute("DELETE FROM audit_event")
        owner.execute("DELETE FROM audit_link")
        assert check().faults == {"truncated": 1}
    assert check().whole


def test_a_swap_of_two_rows_is_seen(owner: psycopg.Connection[Any]) -> None:
    _, second, third, *_ = lay(5)
    swap = "CASE id WHEN %(a)s THEN %(b)s ELSE %(a)s END"
    with undone(owner, "audit_event"):
        owner.execute(f"UPDATE audit_event SET id = {swap} WHERE id IN (%(a)s, %(b)s)", {"a": second, "b": third})
        assert check().faults == {"changed": 2}
    with undone(owner, "audit_link"):
        owner.execute("UPDATE audit_link SET seq = -seq + 1000 WHERE seq IN (2, 4)")
        owner.execute("UPDATE audit_link SET seq = CASE seq WHEN 998 THEN 4 ELSE 2 END WHERE seq > 900")
        assert check().faults == {"forged": 5 - 1}
    with undone(owner, "audit_link"):
        owner.execute("ALTER TABLE audit_link DROP CONSTRAINT audit_link_once")
        owner.execute(
            "UPDATE audit_link l SET event_id = o.event_id, leaf = o.leaf FROM audit_link o"
            " WHERE l.seq + o.seq = 6 AND l.seq IN (2, 4)"
        )
        assert check().faults == {"forged": 2}
    assert check().whole


def test_a_row_put_in_behind_is_seen(owner: psycopg.Connection[Any]) -> None:
    lay(3)
    copied = "controller_id, xact, at, recorded_at, actor_kind, actor_ref, activity, type, batch, details, salt, state"
    with undone(owner, "audit_event"):
        owner.execute(f"INSERT INTO audit_event (subject_id, {copied}) SELECT 77, {copied} FROM audit_event LIMIT 1")
        assert check().faults == {"unaccounted": 1}
    with undone(owner, "audit_event"):
        owner.execute(
            f"INSERT INTO audit_event (subject_id, id, {copied}) SELECT 77, id, {copied} FROM audit_event"
            " WHERE batch = 1"
        )
        assert check().faults["copied"] == 1
    with undone(owner, "audit_link"):
        owner.execute(
            "INSERT INTO audit_link SELECT controller_id, seq + 1, 5, key_version, linked_at, leaf, hash, hash"
            " FROM audit_link WHERE seq = 3"
        )
        assert check().faults == {"forged": 1, "removed": 1}
        append()
        with pytest.raises(ChainRefusedError, match="not made with the key"):
            link()
    assert link() == 1
    assert check().whole


def test_a_trail_that_is_gone_altogether_is_still_owed(owner: psycopg.Connection[Any]) -> None:
    lay(2)
    assert [one for one in queries.controllers() if not check(one).whole] == []
    with undone(owner, "audit_event", "audit_link"):
        owner.execute("DELETE FROM audit_event")
        owner.execute("DELETE FROM audit_link")
        assert {one: check(one).faults for one in queries.controllers()} == {0: {}, CLUB: {"truncated": 1}}
    with undone(owner, "audit_event"):
        owner.execute(
            "INSERT INTO audit_event (subject_id, controller_id, recorded_at, actor_kind, actor_ref, activity, type,"
            " details) VALUES (1, 4242, now(), 'system', 'x', 'proof', 'proof.run', '{}')"
        )
        assert {one: check(one).faults for one in queries.controllers()} == {0: {"unaccounted": 1}, CLUB: {}}


def test_one_forged_chain_does_not_keep_the_others_waiting(owner: psycopg.Connection[Any]) -> None:
    lay(2)
    owner.execute("UPDATE audit_link SET hash = leaf WHERE seq = 2")
    append()
    append(controller=OTHER)
    with pytest.raises(ChainRefusedError, match=f"the last link of {CLUB}$"):
        operations.link()
    assert link(OTHER) in {0, 1}
    assert (check(OTHER).links, check(OTHER).whole) == (1, True)


def test_links_of_an_earlier_key_stay_good(owner: psycopg.Connection[Any], settings: Any) -> None:
    lay(2)
    settings.TILLIT_AUDIT_KEY_VERSION = 2
    lay(2)
    assert (check().links, check().faults, check().heads) == (4, {}, 2)
    owner.execute("UPDATE audit_link SET key_version = 3 - key_version WHERE seq = 3")
    assert check().faults == {"forged": 1, "changed": 1}


def test_a_chain_made_anew_with_another_key_is_seen(owner: psycopg.Connection[Any], monkeypatch: Any) -> None:
    from tillit.audit import chain

    lay(4)
    head_before = heads.folder().joinpath(f"{CLUB}.jsonl").read_bytes()
    real = chain.key
    monkeypatch.setattr(chain, "key", lambda version: b"another key, made up by the one who tampers")
    owner.execute("DELETE FROM audit_link")
    owner.execute("DELETE FROM audit_event WHERE batch = 1")
    owner.execute("INSERT INTO audit_queue SELECT controller_id, xact, recorded_at, id FROM audit_event")
    link()
    monkeypatch.setattr(chain, "key", real)
    assert check().faults == {"forged": 3, "changed": 3, "truncated": 1, "head-unreadable": 1}
    heads.folder().joinpath(f"{CLUB}.jsonl").write_bytes(head_before)
    assert check().faults == {"forged": 3, "changed": 3, "truncated": 1}


def test_a_false_disposal_is_a_removal(owner: psycopg.Connection[Any]) -> None:
    event = lay(4)[1]
    owner.execute("DELETE FROM audit_event WHERE id = %s", [event])
    owner.execute("UPDATE audit_link SET disposed_batch = 5 WHERE event_id = %s", [event])
    assert check().findings == [("removed", CLUB, 2, event)]


def test_an_unlinked_event_that_goes_or_moves_is_missed(owner: psycopg.Connection[Any]) -> None:
    lay(2)
    [gone], [moved] = append(), append()
    assert (check().faults, check().waiting) == ({}, 2)
    owner.execute("DELETE FROM audit_event WHERE id = %s", [gone])
    owner.execute("UPDATE audit_event SET controller_id = %s WHERE id = %s", [OTHER, moved])
    assert check().faults == {"lost": 2}
    assert check(OTHER).faults == {"unaccounted": 1}


def test_published_heads_are_held_against_the_chain(owner: psycopg.Connection[Any]) -> None:
    lay(2)
    lay(2)
    file = heads.folder() / f"{CLUB}.jsonl"
    whole = file.read_bytes()
    assert (check().heads, check().links, check().whole) == (2, 4, True)
    file.write_bytes(whole.replace(b'"seq":2', b'"seq":3'))
    assert check().faults == {"head-unreadable": 1}
    file.write_bytes(b"\xff\xfe{}\n" + whole)
    assert check().faults == {"head-unreadable": 1}
    file.write_bytes(whole + b'{"torn by a power cut')
    assert check().whole
    append()
    link()
    assert (check().heads, check().whole) == (3, True)


def test_a_head_that_a_crash_kept_from_being_published_is_published_next_time(owner: psycopg.Connection[Any]) -> None:
    lay(2)
    (heads.folder() / f"{CLUB}.jsonl").unlink()
    assert (check().heads, check().unpublished, check().whole) == (0, 2, True)
    assert operations.link(controller=CLUB) == {CLUB: 0}
    assert (check().heads, check().unpublished) == (1, 0)


def test_a_restored_chain_is_accepted_by_the_holder_of_the_key_alone(owner: psycopg.Connection[Any]) -> None:
    lay(3)
    with undone(owner, "audit_event", "audit_link"):
        lay(2)
    assert check().faults == {"truncated": 1}
    file = heads.folder() / f"{CLUB}.jsonl"
    before = file.read_bytes()
    file.write_bytes(before + before.splitlines()[0].replace(b'"seq"', b'"rewound":true,"seq"') + b"\n")
    assert check().faults == {"truncated": 1, "head-unreadable": 1}
    file.write_bytes(before)
    assert operations.accept_restore(controller=CLUB) == {CLUB: 3}
    assert check().whole
    lay(4)
    assert (check().whole, check().links) == (True, 7)
    owner.execute("DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_link WHERE seq = 7)")
    owner.execute("DELETE FROM audit_link WHERE seq = 7")
    assert check().faults == {"truncated": 1}
