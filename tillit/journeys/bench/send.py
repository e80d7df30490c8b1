"""`tillit bench send`: a campaign to a local mail server that keeps nothing: messages a second, peak memory (issue 9).

The whole way is measured: the set taken, people put out, each asked about again, each message committed as handed
over, those that went settled in sets. Beside it the same number of mails from one process without Tillit: one
connection, a template, no record.
"""

import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from time import monotonic, perf_counter

from django.conf import settings

from tillit.declaration.models import Controller
from tillit.journeys.bench import Figure, Result, audience
from tillit.journeys.bench.machine import Cost, peak_megabytes, processors
from tillit.journeys.bench.place import hold_server, require
from tillit.kernel.scope import Actor
from tillit.outreach.campaigns import operations, queries, running
from tillit.outreach.campaigns.models import Campaign, State

NAME = "send"
_LONG = 24 * 3600.0
_TABLES = ("messages_message", "campaigns_recipient", "consent_choice", "consent_event")
_BODY = "# Hei {given_name}\n\nDette er nytt denne måneden.\n\n[Les mer](https://eksempel.example/nytt)"
Tell = Callable[[str], None]


def run(*, recipients: int, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`. Raises `BenchError`."""
    tell(f"{recipients:,} members, seven in ten of whom said yes")
    club = audience.people(count=recipients)
    hold_server(logged=_TABLES, secured=_TABLES)
    with _sink() as (port, taken):
        tell("bare SMTP")
        bare = _bare(port, min(recipients, 5000))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        campaign = _campaign(club.pk)
        resting = peak_megabytes()
        tell("the campaign")
        before = Cost.now()
        running.start(campaign=campaign)
        running.carry_on(campaign=campaign, until=monotonic() + _LONG)
        cost = Cost.now() - before
        campaign.refresh_from_db()
        found = queries.progress(campaign=campaign)
    sent = found.states.get("sent", 0)
    require(campaign.status == State.SENT, "it did not come to its end")
    require(sent == campaign.recipients > 0, "somebody was missed")
    require(taken[0] == sent + min(recipients, 5000), "the server was given another number")
    require(taken[1] == taken[0], "somebody was given two, and somebody none")
    rate, plain = sent / cost.wall, min(recipients, 5000) / bare
    figures = {
        "sent": Figure(sent, "messages"),
        "rate": Figure(round(rate), "messages/s"),
        "bare_smtp": Figure(round(plain), "messages/s"),
        "cpu_python": Figure(round(1000 * cost.ours / sent, 2), "ms/message"),
        "cpu_postgresql": Figure(round(1000 * cost.server / sent, 2), "ms/message"),
        "peak_memory": Figure(peak_megabytes(), "MB"),
        "peak_before": Figure(resting, "MB"),
        "processors": Figure(processors(), "processors"),
    }
    bound = "Python making each mail and speaking to two servers, and one commit a message: that it is handed over"
    return Result(NAME, {"bare_smtp": round(plain / rate, 2)}, figures, bound)


def _campaign(controller_id: int) -> Campaign:
    actors = [
        Actor("staff", ref, frozenset({controller_id}), frozenset({audience.ACTIVITY})) for ref in ("bench", "bench2")
    ]
    club = Controller.objects.get(pk=controller_id)
    made = operations.make(
        actor=actors[0], controller=club, name="Bench", activity=audience.ACTIVITY, channel=audience.CHANNEL
    )
    made = operations.change(actor=actors[0], campaign=made, subject="Nytt", body=_BODY, fallback="medlem")
    return operations.approve(actor=actors[1], campaign=made)


def _bare(port: int, count: int) -> float:
    began = perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(count):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "a@b.example", f"p{number}@bare.example", "Nytt"
            message.set_content("Hei\n\nDette er nytt denne måneden.\n")
            message.add_alternative("<p>Hei</p><p>Dette er nytt denne måneden.</p>", subtype="html")
            server.send_message(message)
    return perf_counter() - began


@contextmanager
def _sink() -> Iterator[tuple[int, list[int]]]:
    """A server's port, and, filled in after the `with`, how many messages it was given and to how many addresses."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tillit.journeys.bench.smtp_sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    taken: list[int] = []
    try:
        yield int(process.stdout.readline()), taken
    finally:
        said, _ = process.communicate("", timeout=60)
        taken += [int(number) for number in said.split()]
