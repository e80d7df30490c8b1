"""`tillit bench pages`: the main pages of Min side, console and public site, through the server of `tillit serve`.

Members, their facts, cards and bonus are made by set statements; those who are visited have receipts, too, and a
session as signing in leaves it. Every answer must be 200. Times are a client's over a local socket, so they hold the
server's own time and the socket's.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from tillit.declaration.models import Controller
from tillit.faces import signing_in
from tillit.faces.bench import visits as http
from tillit.faces.bench.visits import Visit
from tillit.faces.bench.weights import weight
from tillit.faces.site import site_or_404
from tillit.faces.staff_web.access import Worker, token_for
from tillit.journeys.bench import Figure, Result, crowd, world
from tillit.journeys.bench.machine import processors
from tillit.journeys.bench.place import DATABASE, hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties import staff
from tillit.parties.actors import staff_actor
from tillit.parties.models import Login
from tillit.parties.operations import open_account
from tillit.parties.sessions import SessionStore
from tillit.platform import database
from tillit.purchases.models import Source

NAME, KEY = "pages", "rundtur"
CLIENTS, VISITED, RECEIPTS, WARM = 32, 20, 50, 5
ROLES = ("customer_service", "privacy_adviser", "it_operations", "auditor", "club_owner")
PUBLIC = ("front", "home", "statement", "cookies", "programme_terms", "accessibility", "sign_in", "join")
OWN = (
    "min_side", "receipts", "cards", "vouchers", "offers", "your_data", "who_looked", "received", "messages", "choices",
    "profile", "identity", "compiled_profile", "sign_ins", "requests", "enquiries", "complaints", "terms",
)  # fmt: skip
CONSOLE = (
    "staff_desk", "staff_search", "staff_person", "staff_requests", "staff_enquiries", "staff_complaints",
    "staff_refunds", "staff_holds", "staff_breaches", "staff_promises", "staff_audit", "staff_colleagues",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Who is visited: cookies of members, the cookie of a colleague, and the token of a person they have found."""

    members: list[str]
    colleague: str
    token: str


def run(*, people: int, visits: int, seconds: float, tell: Callable[[str], None]) -> Result:
    """Measure in the database made by `place.prepared`. Raises `BenchError`."""
    tell(f"{people:,} members")
    made = build(people=people)
    settle()
    hold_server(logged=["parties_fact"], secured=["parties_fact", "purchases_purchase"])
    figures: dict[str, Figure] = {}
    with server() as port:
        bare = http.alone(port, [Visit("/health")] * (WARM + visits))
        slowest = 0.0
        for kind, names in (("public", PUBLIC), ("min_side", OWN), ("console", CONSOLE)):
            for name in names:
                tell(name)
                ways = ways_to(name, made)
                http.alone(port, [ways[n % len(ways)] for n in range(WARM)])
                times = http.alone(port, [ways[n % len(ways)] for n in range(visits)])
                slowest = max(slowest, times.percentile(0.95))
                figures[f"{name}_p95"] = Figure(round(times.percentile(0.95), 1), "ms")
                browser = http.Visitor(port, ways[0].cookie)
                figures[f"{name}_weight"] = Figure(round(weight(ways[0].path, browser.get) / 1000, 1), "kB")
                browser.close()
            tell(f"{kind}, {CLIENTS} clients, {seconds:g} s")
            everything = [one for name in names for one in ways_to(name, made)[:4]]
            times, rate = http.together(port, everything, clients=CLIENTS, seconds=seconds)
            figures[f"{kind}_rate"] = Figure(round(rate), "requests/s")
            figures[f"{kind}_p95_of_{CLIENTS}"] = Figure(round(times.percentile(0.95)), "ms")
    heaviest = max(figure.value for name, figure in figures.items() if name.endswith("_weight"))
    figures |= {
        "slowest_p95": Figure(round(slowest, 1), "ms"),
        "heaviest": Figure(heaviest, "kB"),
        "people": Figure(people, "members"),
        "processors": Figure(processors(), "processors"),
    }
    ratios = {"slowest_page_beside_bare_answer": round(slowest / bare.percentile(0.95), 2)}
    return Result(NAME, ratios, figures, "processors: rendering in Python, and the statements that open a scope")


def build(*, people: int) -> World:
    """Members with facts, cards and bonus; sessions for those who are visited, and for a colleague in many roles."""
    world.build(members=people)
    holder = Controller.objects.get(key=KEY)
    crowd.describe(holder)
    everyone = Controller.objects.filter(register_id=holder.register_id).values_list("pk", flat=True)
    chosen = crowd.draw(crowd.Crowd(system("bench", everyone), holder.pk, holder.register_id), VISITED)
    source = Source.objects.get(key=world.SOURCE).pk
    with database.connect("owner", autocommit=True) as owner:
        given = {"subjects": chosen, "each": RECEIPTS, "source": source}
        owner.execute(load(crowd.__file__, "pages", "purchases"), given)
    at = clock.now()
    members = []
    for subject in chosen:
        with Scope(system("sign_in", [holder.pk]), "sign_in", frozenset({subject})) as scope:
            login = open_account(scope=scope, subject_id=subject, register_id=holder.register_id, at=at)
        members.append(session(login, "email_code").session_key)
    for role in ROLES:
        worker = staff.add(
            email="bench@arbeid.example",
            name="Siv Vakt",
            controller=holder,
            role=role,
            confidentiality=clock.today() - timedelta(days=30),
        )
    begun = session(worker.login, "email_code_totp")
    request: Any = HttpRequest()
    request.session = begun
    actor = staff_actor(staff=worker, controller=holder)
    at_desk = Worker(site_or_404(KEY), worker, actor)
    token = token_for(request, at_desk, "customer_service", chosen[0])
    begun.save()
    return World([_cookie(one) for one in members], _cookie(begun.session_key), token)


def session(login: Login, method: str) -> Any:
    """A session as signing in begins it."""
    request: Any = HttpRequest()
    request.session = SessionStore()
    signing_in.begin_session(request, login, method)
    request.session.save()
    return request.session


def ways_to(name: str, made: World) -> list[Visit]:
    """Visits to a page, by whoever may see it."""
    if name == "front":
        return [Visit(reverse(name))]
    if name == "staff_person":
        return [Visit(reverse(name, args=[KEY, made.token]), made.colleague)]
    path = reverse(name, args=[KEY])
    if name in CONSOLE:
        return [Visit(path, made.colleague)]
    return [Visit(path, cookie) for cookie in made.members] if name in OWN else [Visit(path)]


@contextmanager
def server() -> Iterator[int]:
    """The site in processes of its own on the bench's database; its port."""
    environment = {**os.environ, "TILLIT_DATABASE_NAME": DATABASE}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    serve = [sys.executable, "-m", "tillit.faces.cli", "serve", "--port", str(port), "--workers", str(processors())]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(serve, env=environment, stdout=quiet, stderr=quiet)  # noqa: S603 (words of ours)
    try:
        require(_answers(process, port), "the server does not answer")
        yield port
    finally:
        process.terminate()
        process.wait()


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            return http.Visitor(port).get("/health").status == 200
        except OSError:
            time.sleep(0.1)
    return False


def _cookie(session_key: str | None) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={session_key}"
