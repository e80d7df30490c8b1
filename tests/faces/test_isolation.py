"""Member A, with every id of member B over every address: nothing of B's comes back (A9, H18)."""

import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.bonus.conftest import build
from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_min_side import buy
from tests.faces.test_staff import at_work, find, hire, link
from tillit.declaration import registry
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system

pytestmark = pytest.mark.django_db
KEYS = ("rundtur", "nordkai", "lyngheim")
ENDING = {"leave", "join", "register", "passkey", "staff_passkey", "staff_factor", "outside_back"}
"""What ends the session, and what asks for a code."""
FIELDS = ("id", "subject", "subject_id", "login", "member", "person", "page", "before", "pending", "session", "next")
POSTED = (
    *FIELDS,
    "activity",
    "channel",
    "off",
    "passkey",
    "outside",
    "act",
    "which",
    "text",
    "card",
    "voucher",
    "amount",
)


@pytest.fixture
def two() -> tuple[Person, Person]:
    """Two members of one register, each with purchases, bonus and a session."""
    world = build()
    kari = make_person(world.controllers["rundtur"], "Kari", "Nordseth", "+47 400 00 111")
    ola = make_person(world.controllers["rundtur"], "Ola", "Vestlimarkussen", "+47 400 00 112")
    for someone, product_name in ((kari, "Rugbrød"), (ola, "Ananasjuice")):
        world.earn(someone.subject_id, 777_33 if someone is ola else 100, club="rundtur", expires=date(2099, 1, 1))
        buy(world, someone.subject_id, 1234_00, at=clock.now(), product=product_name)
        sign_in(Client(), someone)
    return kari, ola


def marks(someone: Person) -> set[str]:
    """What would give the person away on a page."""
    return {someone.email, "Vestlimarkussen", "Ananasjuice", "777,33"}


def ids(someone: Person, controllers: set[int]) -> set[str]:
    """Every id the database has for the person: of the subject, the logins, the sessions, and each personal row."""
    found: set[Any] = {someone.subject_id, someone.email, someone.phone}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, handle FROM parties_login WHERE subject_id = %s", [someone.subject_id])
        logins = cursor.fetchall()
        found |= {value for row in logins for value in row}
        cursor.execute(
            "SELECT session_key FROM parties_session WHERE login_id = ANY (%s)", [[login for login, _ in logins]]
        )
        found |= {row[0] for row in cursor.fetchall()}
        with Scope(system("test", controllers), "rights_requests"):
            for table in registry.PERSONAL:
                cursor.execute(f"SELECT id FROM {table} WHERE subject_id = %s", [someone.subject_id])
                found |= {row[0] for row in cursor.fetchall()}
    return {str(value) for value in found}


def names(someone: Person, controllers: set[int], other: Person) -> set[str]:
    """What the person's rows hold beside ids that could stand in an address: numbers, references, keys. Not what the
    other's rows hold, too: that names nobody.
    """
    held: dict[int, set[str]] = {someone.subject_id: set(), other.subject_id: set()}
    with connection.cursor() as cursor, Scope(system("test", controllers), "rights_requests"):
        for table in registry.PERSONAL:
            for subject, found in held.items():
                cursor.execute(f"SELECT * FROM {table} WHERE subject_id = %s", [subject])
                found |= {str(value) for row in cursor.fetchall() for value in row if _names(value)}
    return held[someone.subject_id] - held[other.subject_id]


def _names(value: Any) -> bool:
    return isinstance(value, UUID) or (isinstance(value, (str, int)) and bool(re.fullmatch(r"[-\w]{6,60}", str(value))))


def patterns(inside: list[URLPattern | URLResolver] | None = None) -> Iterator[URLPattern]:
    """Every address of the site."""
    for pattern in get_resolver().url_patterns if inside is None else inside:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns)
        else:
            yield pattern


def addresses(values: set[str], keys: tuple[str, ...] = KEYS) -> Iterator[tuple[str, str]]:
    """Every address with its name, a key for the controller, and each value wherever another argument stands."""
    for pattern in patterns():
        if pattern.name is None:
            continue  # of those without a name: `test_a9_no_page_is_forgotten`
        arguments = list(pattern.pattern.converters)
        free = [name for name in arguments if name != "controller"]
        for key in keys if "controller" in arguments else keys[:1]:
            for chosen in sorted(values) if free else [""]:
                given: dict[str, Any] = dict.fromkeys(free, chosen)
                if "controller" in arguments:
                    given["controller"] = key
                for name in free:
                    if type(pattern.pattern.converters[name]).__name__ == "IntConverter":
                        given[name] = int(chosen) % 10**9 if chosen.isdigit() else 1
                with suppress(NoReverseMatch):
                    yield pattern.name, _reversed(pattern, given)


def api_paths(values: set[str]) -> list[str]:
    """Every address of the API but its public description, with each value wherever an argument stands."""
    described = reverse("api-1:openapi-json")
    paths = {path for _, path in addresses(values, KEYS[:1]) if path.startswith("/api/v1/")}
    found = sorted(paths - {described})
    assert len(found) > 30
    return found


def _reversed(pattern: URLPattern, given: dict[str, Any]) -> str:
    """The address; those of the API have a namespace."""
    try:
        return reverse(str(pattern.name), kwargs=given)
    except NoReverseMatch:
        return reverse(f"api-1:{pattern.name}", kwargs=given)


def test_a9_every_id_of_another_over_every_address_gives_nothing_of_theirs(two: tuple[Person, Person]) -> None:
    kari, ola = two
    controllers = {kari.controller.pk, *_register(kari)}
    values = ids(ola, controllers)
    assert len(values) > 10
    theirs = Client()
    sign_in(theirs, ola)
    own = "".join(theirs.get(f"/rundtur/min-side/{page}").text for page in ("", "receipts/", "your-data/", "profile/"))
    assert all(mark in own for mark in marks(ola)), "the marks would not be seen even if they leaked"
    client = Client(raise_request_exception=True)
    sign_in(client, kari)
    tried = 0
    more = names(ola, controllers, kari)
    assert any(len(one) == 36 for one in more), "voucher and receipt have ids of their own"
    for path in sorted({path for _, path in (*addresses(values), *addresses(more - values, KEYS[:1]))}):
        if path.endswith(("/sign-out/", "/pdf/", "/leave/")):
            continue
        answer = client.get(path)
        tried += 1
        refused = {401} if path.startswith("/api/") else set()  # a session is no key
        assert answer.status_code in {200, 302, 404, 405} | refused, path
        if not answer.streaming:
            told = {mark for mark in marks(ola) if mark not in path}  # one's own words may be said back
            assert not any(mark in answer.content.decode(errors="replace") for mark in told), path
    assert tried > 100


def test_a9_no_page_is_forgotten(two: tuple[Person, Person]) -> None:
    """The addresses come from the site's own list: a page that no id of the other's fits is named here."""
    _, ola = two
    values = ids(ola, {ola.controller.pk}) | {str(uuid4()), "abc-1"}
    tried = {name for name, _ in addresses(values)}
    named = [pattern for pattern in patterns() if pattern.name]
    assert len(named) > 150
    assert {str(pattern.name) for pattern in named} - tried == set()
    assert [str(pattern.pattern) for pattern in patterns() if not pattern.name] == [""], "what answers 404 under /api/"


def test_h18_posted_to_every_address_ids_of_another_give_and_change_nothing(two: tuple[Person, Person]) -> None:
    kari, ola = two
    controllers = {kari.controller.pk, *_register(kari)}
    values = sorted(ids(ola, controllers) | names(ola, controllers, kari))
    before = _rows(ola, controllers)
    client, tried = Client(raise_request_exception=True), 0
    sign_in(client, kari)
    for name, path in sorted(set(addresses({values[0], str(uuid4())}, KEYS[:1]))):
        if name in ENDING or "sign_" in name:  # doors begin and end sessions
            continue
        value = values[tried % len(values)]
        answer = client.post(path, dict.fromkeys(POSTED, value))
        tried += 1
        assert answer.status_code < 500, path
        shown = b"" if answer.streaming else answer.content
        assert not any(mark in shown.decode(errors="replace") for mark in marks(ola) - {value}), path
    for verb, path in itertools.product(("PATCH", "PUT", "DELETE"), api_paths({*values[:3], str(uuid4())})):
        answer = client.generic(verb, path, "{}", content_type="application/json")
        assert answer.status_code in {401, 404, 405}, f"{verb} {path}: a session is no key"
    assert tried > 150
    assert client.get("/rundtur/min-side/").status_code == 200, "still signed in: what was posted was posted as herself"
    assert _rows(ola, controllers) == before


def test_a9_ids_of_another_in_queries_and_forms_give_and_change_nothing(two: tuple[Person, Person]) -> None:
    kari, ola = two
    controllers = {kari.controller.pk, *_register(kari)}
    client = Client()
    sign_in(client, kari)
    before = _rows(ola, controllers)
    pages = ["", "receipts/", "your-data/", "your-data/who-looked/", "choices/", "profile/", "sign-ins/"]
    for value in sorted(ids(ola, controllers)):
        query = "&".join(f"{field}={value}" for field in FIELDS)
        for page in pages:
            answer = client.get(f"/rundtur/min-side/{page}?{query}")
            # An id in a field for words may have a card number's check digit, and is refused as one (D5).
            assert answer.status_code in {200, 302, 422}
            assert not any(mark in answer.content.decode(errors="replace") for mark in marks(ola))
        for page in ("choices/", "sign-ins/", "profile/email/", "your-data/download/"):
            answer = client.post(f"/rundtur/min-side/{page}", dict.fromkeys((*FIELDS, "activity", "channel"), value))
            assert answer.status_code in {200, 302, 422}
            assert not any(mark in answer.content.decode(errors="replace") for mark in marks(ola) - {value})
    assert _rows(ola, controllers) == before


def test_a9_a_member_gets_nothing_from_the_console_and_staff_nothing_from_min_side(two: tuple[Person, Person]) -> None:
    kari, ola = two
    worker = at_work(hire(kari.controller))
    address = link(find(worker, "Ola"))
    assert ola.email in worker.get(address).text
    member = Client()
    sign_in(member, kari)
    for path in (address, "/staff/rundtur/", "/staff/"):
        assert member.get(path)["Location"] == "/staff/sign-in/"
    assert worker.get("/rundtur/min-side/")["Location"] == "/rundtur/sign-in/"


def _register(someone: Person) -> set[int]:
    return set(
        type(someone.controller).objects.filter(register=someone.controller.register_id).values_list("pk", flat=True)
    )


def _rows(someone: Person, controllers: set[int]) -> dict[str, list[Any]]:
    found = {}
    with Scope(system("test", controllers), "rights_requests"), connection.cursor() as cursor:
        for table in registry.PERSONAL:
            cursor.execute(f"SELECT * FROM {table} WHERE subject_id = %s ORDER BY id", [someone.subject_id])
            found[table] = cursor.fetchall()
        cursor.execute("SELECT id FROM parties_login WHERE subject_id = %s", [someone.subject_id])
        found["parties_login"] = cursor.fetchall()
    return found
