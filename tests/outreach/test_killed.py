"""A worker that is killed again and again while it sends: nobody gets two, nobody is missed (F3)."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.outreach.test_campaigns import approved, member, rows
from tests.support.smtp import Sink, serving
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.messages import outbox
from tillit.outreach.campaigns import running
from tillit.outreach.campaigns.models import Campaign

_WORK = """
import django
django.setup()
from tillit.outreach.campaigns.running import run_everywhere
run_everywhere(seconds=300)
"""


def nothing(_: int) -> None:
    """What a server does at most messages."""


def _people(club: Controller, count: int) -> list[str]:
    for n in range(count):
        member(club, f"P{n}")
    return [f"p{n}@eksempel.example" for n in range(count)]


def _killed(database: TestDatabase, sink: Sink, port: int, kills: list[tuple[str, int]]) -> None:
    """Run workers one after the other, each killed as the server is asked or given so many messages."""
    for when, number in kills:
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORK],
            env={**database.environment, "TILLIT_SMTP": f"smtp://127.0.0.1:{port}"},
            stderr=subprocess.PIPE,
        )

        def kill(at: int, *, number: int = number, process: subprocess.Popen[bytes] = worker) -> None:
            if at == number:
                os.kill(process.pid, signal.SIGKILL)

        acts: dict[str, Callable[[int], None]] = {when: kill}
        sink.at_recipient, sink.at_message = acts.get("asked", nothing), acts.get("given", nothing)
        _, said = worker.communicate(timeout=600)
        assert worker.returncode == -signal.SIGKILL, said.decode()
    sink.at_recipient = sink.at_message = nothing


def _to_its_end(port: int, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    running.run_everywhere(seconds=3600)


def _told(club: Controller, sink: Sink, people: list[str], kills: int, campaign: Campaign) -> None:
    with clock.travel(clock.now() + outbox.LEASE + timedelta(minutes=1)):
        running.run_everywhere()
    states = [row.message_state for row in rows(club)]
    assert set(sink.taken) == set(people), "nobody is missed"
    assert set(sink.taken.values()) == {1}, "nobody gets two"
    assert len(states) == len(people)
    assert states.count("sent") + states.count("unknown") == len(people)
    assert states.count("unknown") <= kills, "of one for each kill it says that it does not know"
    campaign.refresh_from_db()
    assert campaign.status == "sent"


def test_f3_workers_killed_while_they_send_send_nobody_two_and_miss_nobody(
    fresh_db: TestDatabase, settings: Any
) -> None:
    club = publish_examples("bonus")["rundtur"]
    people = _people(club, 14)
    campaign, sink = approved(club), Sink()
    with serving(sink) as port:
        _killed(fresh_db, sink, port, [("asked", 4), ("given", 9)])
        _to_its_end(port, settings)
    _told(club, sink, people, 2, campaign)
    connection.close()


@pytest.mark.soak
def test_f3_ten_kills_during_fifty_thousand(fresh_db: TestDatabase, settings: Any) -> None:
    club = publish_examples("bonus")["rundtur"]
    people = _people(club, 50_000)
    campaign, sink = approved(club), Sink()
    kills = [("asked" if n % 2 else "given", 4_700 * (n + 1)) for n in range(10)]
    with serving(sink) as port:
        _killed(fresh_db, sink, port, kills)
        _to_its_end(port, settings)
    _told(club, sink, people, 10, campaign)
    connection.close()
