"""Membership cards verified by 32 clients (B2), beside one look-up by primary key in a bare table.

Each client is a process with a connection of its own and asks about cards of members in turn, every third code being an
old one. A verification is what the API does after the key: a code read (one ECDH), a scope, a look at card and
membership, the memory of codes. Codes are made beforehand, while they count.
"""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from statistics import quantiles
from typing import Any

from django.db import connection, connections

from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.machine import processors
from tillit.journeys.bench.place import require
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import card_codes, cards
from tillit.membership.cards import SKEW_STEPS, step_of
from tillit.parties import operations as parties
from tillit.platform import paths

NAME = "cards"
CLIENTS = 32
LONGEST = 20  # seconds; codes made before must still count at the end
_PATIENCE = 120
Shown = tuple[int, str, bool]  # subject, code, whether it counts
Work = Callable[[int, list[Shown], float], list[float]]


def run(*, people: int, seconds: float, tell: Callable[[str], None]) -> Result:
    """Measure among `people` members of the example union. Raises `BenchError` where a verification is wrong."""
    path = paths.root() / "examples" / "union_benefits" / "lyngheim.yaml"
    publish(declaration=load(path)[0], source_text=path.read_text("utf-8"), at=clock.now())
    controller = Controller.objects.get(key="lyngheim")
    tell(f"{people:,} members with a card each")
    issued = _members(controller, people)
    tell(f"verifications, {CLIENTS} clients, {seconds:g} s")
    ours = _together(_verify, controller.pk, issued, seconds)
    tell("bare look-ups")
    bare = _together(_look, controller.pk, issued, seconds)
    return Result(
        NAME,
        {"verification_beside_bare_look_up": bare["rate"] / ours["rate"]},
        {
            "verifications": Figure(round(ours["rate"]), "verifications/s"),
            "verification_p95": Figure(round(1000 * ours["p95"], 1), "ms"),
            "bare_look_ups": Figure(round(bare["rate"]), "look-ups/s"),
            "clients": Figure(CLIENTS, "processes"),
            "members": Figure(people, "members"),
            "processors": Figure(processors(), "processors"),
        },
        "processors: one ECDH, and a scope with two short statements each",
    )


def _members(controller: Controller, people: int) -> list[tuple[int, int, bytes]]:
    """Members with a card each: (subject, card, key)."""
    found, at = [], clock.now()
    acting = system("bench", {controller.pk})
    for _ in range(people):
        with Scope(acting, "membership_administration") as scope:
            subject = parties.create_subject(scope=scope, register_id=controller.register_id)
            parties.relate(
                scope=scope, subject_id=subject, controller_id=controller.pk, kind="member", started=clock.today()
            )
        with Scope(acting, cards.ACTIVITY, frozenset({subject})) as scope:
            made = cards.issue(scope=scope, subject_id=subject, controller_id=controller.pk, device=True, at=at)
        found.append((subject, made.card_id, made.key))
    return found


def _together(
    work: Work,
    controller: int,
    issued: list[tuple[int, int, bytes]],
    seconds: float,
) -> dict[str, float]:
    """The clients at once: things a second, and the 95th percentile of one, in seconds."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(CLIENTS)
    pairs = [context.Pipe(duplex=False) for _ in range(CLIENTS)]
    mine = [issued[at::CLIENTS] or issued for at in range(CLIENTS)]
    clients = [
        context.Process(target=_client, args=(work, controller, part, seconds, barrier, sender), daemon=True)
        for part, (_, sender) in zip(mine, pairs, strict=True)
    ]
    for one in clients:
        one.start()
    took: list[float] = []
    for receiver, _ in pairs:
        require(receiver.poll(_PATIENCE + seconds), "a client did not answer")
        answer = receiver.recv()
        require(isinstance(answer, list), f"a client failed: {answer}")
        took += answer
    for one in clients:
        one.join(_PATIENCE)
    return {"rate": len(took) / seconds, "p95": quantiles(took, n=20)[-1] if len(took) > 1 else took[0]}


def _client(
    work: Work,
    controller: int,
    issued: list[tuple[int, int, bytes]],
    seconds: float,
    barrier: Any,
    sender: Connection,
) -> None:
    try:
        at = clock.now()
        shown = [
            (subject, _code(subject, card, key, step_of(at) - (SKEW_STEPS + 2 if turn % 3 == 2 else 0)), turn % 3 != 2)
            for turn, (subject, card, key) in enumerate(issued)
        ]
        connection.ensure_connection()
        barrier.wait(_PATIENCE)
        sender.send(work(controller, shown, seconds))
    except Exception as error:  # noqa: BLE001 (told to whoever waits)
        sender.send(f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()


def _code(subject: int, card: int, key: bytes, step: int) -> str:
    return card_codes.make(subject_id=subject, card_id=card, key=key, step=step)


def _verify(controller: int, shown: list[Shown], seconds: float) -> list[float]:
    took: list[float] = []
    until, turn = time.perf_counter() + seconds, 0
    while (began := time.perf_counter()) < until:
        _, code, counts = shown[turn % len(shown)]
        valid = cards.verify(controllers={controller}, by="bench", code=code, at=clock.now())
        took.append(time.perf_counter() - began)
        require(valid is counts, "a verification was wrong")
        turn += 1
    return took


def _look(controller: int, shown: list[Shown], seconds: float) -> list[float]:
    """One row by its primary key in a table that nothing guards, as a site without promises would."""
    took: list[float] = []
    until, turn = time.perf_counter() + seconds, 0
    with connection.cursor() as cursor:
        while (began := time.perf_counter()) < until:
            cursor.execute("SELECT state FROM parties_subject WHERE id = %s", [shown[turn % len(shown)][0]])
            require(cursor.fetchone() is not None, "a member is missing")
            took.append(time.perf_counter() - began)
            turn += 1
    return took
