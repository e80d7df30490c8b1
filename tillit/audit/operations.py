"""What can be done with the audit trail: append to it, chain it, dispose of events whose time is up."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction

from tillit.audit import NOBODY, chain, heads, queries, verify
from tillit.audit.errors import ChainRefusedError, EventRefusedError
from tillit.audit.types import EventType
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load

CHUNK = 2000
_DETAIL_BYTES = 4000
_DISPOSE = 10_000


def append(
    *,
    type: EventType,  # noqa: A002 (what it is called everywhere)
    scope: Scope | None = None,
    actor: Actor | None = None,
    activity: str | None = None,
    controller: int | None = None,
    subject: int | None = None,
    subjects: Iterable[int] | None = None,
    batch: int | None = None,
    at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> list[int]:
    """Append an event in the running transaction: it stands or falls with what it tells of. Returns the events' ids.

    Give the open `scope`, or outside every scope `actor` and `activity`. `controller`: the scope's only one unless
    given; 0 is the installation. `subjects` writes one event a person (a list that somebody looked at); a set operation
    writes one event with its `batch` instead. `at` defaults to now. Raises `EventRefusedError` for what the type does
    not allow; PostgreSQL refuses (42501) another actor or controller than those of the open scope.
    """
    if (scope is None) == (actor is None or activity is None):
        raise EventRefusedError("event-actor", "an event needs the open scope, or an actor and an activity")
    acting, doing = (scope.actor, scope.activity) if scope else (actor, activity)
    assert acting is not None  # noqa: S101 (one of the two was given)
    people = _people(type, subject, subjects)
    if not people:
        return []
    values: dict[str, Any] = {
        "controller": _controller(scope, acting, controller),
        "type": type.key,
        "at": at or clock.now(),
        "actor_kind": acting.kind,
        "actor_ref": acting.ref,
        "activity": doing,
        "subjects": people,
        "batch": batch,
        "details": _details(type, details or {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "calls", "append"), values)
        return list(cursor.fetchone()[0])


def link(*, controller: int | None = None, limit: int = CHUNK) -> dict[int, int]:
    """Link what has settled, for one controller or all, and publish each new head. Returns controller → links added.

    Work is committed and published in chunks of `limit`. A controller whose chain another process is extending is left
    to it (0). Raises `ChainRefusedError` when a last link was not made with the key: nothing follows a forged link, but
    the other controllers' events are linked first.
    """
    added, refused = {}, []
    for one in queries.controllers() if controller is None else [controller]:
        try:
            added[one] = _link_one(one, limit)
        except ChainRefusedError:
            refused.append(str(one))
    if refused:
        raise ChainRefusedError("chain-forged", f"not made with the key: the last link of {', '.join(refused)}")
    return added


def dispose(*, scope: Scope, events: Iterable[tuple[int, int]]) -> int:
    """Remove linked events by (subject, id), in a scope for retention or rights; their leaves stay. Returns how many.

    Events that are not linked yet stay for the next time, and so do the records of disposals.
    """
    pairs = list(events)
    removed = 0
    with connection.cursor() as cursor:
        for start in range(0, len(pairs), _DISPOSE):
            part = pairs[start : start + _DISPOSE]
            cursor.execute(
                load(__file__, "calls", "dispose"),
                {"subjects": [subject for subject, _ in part], "ids": [str(event) for _, event in part]},
            )
            removed += cursor.fetchone()[0]
    return removed


def accept_restore(*, controller: int | None = None) -> dict[int, int]:
    """After a restore: publish the chain's present head as the one it was put back to, so that heads published later
    than the backup are no longer owed. Only the holder of the key can do it, and it stays on file. Controller → seq.
    """
    chosen = queries.controllers() if controller is None else [controller]
    put_back = {}
    for one in chosen:
        with _scope(one):
            last = queries.head(controller=one)
        head = heads.Head(last.seq, last.hash.hex(), last.key_version, rewound=True)
        heads.publish(one, head, at=clock.now())
        put_back[one] = last.seq
    return put_back


def _people(type: EventType, subject: int | None, subjects: Iterable[int] | None) -> list[int]:  # noqa: A002
    named = [subject] if subject is not None else list(subjects) if subjects is not None else None
    if subject is not None and subjects is not None:
        raise EventRefusedError("event-subject", f"{type.key}: name one subject or several, not both")
    if named is None:
        if type.subject == "required":
            raise EventRefusedError("event-subject", f"{type.key} is about a person: name the subject")
        return [NOBODY]
    if type.subject == "none":
        raise EventRefusedError("event-subject", f"{type.key} is not about a person")
    if any(one <= NOBODY for one in named):
        raise EventRefusedError("event-subject", f"{type.key}: that is no subject")
    return named


def _details(type: EventType, details: Mapping[str, Any]) -> str:  # noqa: A002
    text = json.dumps(type.check(details))
    if len(text) > _DETAIL_BYTES:
        raise EventRefusedError("event-size", f"{type.key}: the details are too large")
    return text


def _controller(scope: Scope | None, actor: Actor, given: int | None) -> int:
    if given is not None:
        return given
    known = scope.controllers if scope else actor.controllers
    if len(known) != 1:
        raise EventRefusedError("event-controller", "name the controller: the actor acts for several or none")
    return next(iter(known))


def _scope(controller: int) -> Scope:
    return Scope(system("audit", {controller}), "security_log")


def _link_one(controller: int, limit: int) -> int:
    added = 0
    while True:
        with _scope(controller), connection.cursor() as cursor:
            cursor.execute(load(__file__, "calls", "lock"), {"controller": controller})
            if not cursor.fetchone()[0]:
                return added
            done = _link_chunk(cursor, controller, limit)
            last = queries.head(controller=controller)
            if last.seq:
                head = heads.Head(last.seq, last.hash.hex(), last.key_version)
                transaction.on_commit(partial(heads.publish, controller, head, at=clock.now()))
        added += done
        if done < limit:
            return added


def _link_chunk(cursor: Any, controller: int, limit: int) -> int:
    """Link the next `limit` events; how many there were."""
    last = queries.head(controller=controller)
    if last.seq and not verify.last_holds(controller, last.seq):
        raise ChainRefusedError("chain-forged", f"not made with the key: the last link of {controller}")
    cursor.execute(load(__file__, "calls", "unlinked"), {"controller": controller, "limit": limit})
    contents = [chain.Content._make((*row[:12], bytes(row[12]))) for row in cursor.fetchall()]
    if not contents:
        return 0
    version, linked_at, previous = chain.current_key_version(), clock.now(), last.hash
    secret = chain.key(version)
    leaves, hashes = [], []
    for seq, content in enumerate(contents, last.seq + 1):
        leaves.append(chain.leaf(secret, content))
        previous = chain.link(
            secret,
            controller=controller,
            seq=seq,
            linked_at=linked_at,
            key_version=version,
            previous=previous,
            leaf=leaves[-1],
        )
        hashes.append(previous)
    cursor.execute(
        load(__file__, "calls", "extend"),
        {
            "controller": controller,
            "first": last.seq + 1,
            "previous": last.hash,
            "events": [content.event_id for content in contents],
            "leaves": leaves,
            "hashes": hashes,
            "linked_at": linked_at,
            "key_version": version,
        },
    )
    return len(contents)
