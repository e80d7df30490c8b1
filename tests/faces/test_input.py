"""Whatever a visitor types, wherever they type it: an answer of ours, never a fault of ours."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

import tillit.faces
from tests.faces.conftest import Person, sign_in, staff_sign_in
from tillit.declaration.models import Controller
from tillit.parties import staff as staffing

pytestmark = pytest.mark.django_db

# Characters that no field has a use for, and values that are merely odd.
CONTROL = ("\x00", "a\x00b", "\x01@x.example", "\x1b[2J", "\x7f", "\x85x")
ODD = ("", " ", "%00", "-1", "9" * 30, "9" * 5000, "1e9", "NaN", "null", "../../etc/passwd", "'; --", "%", "{0}", "{}")
ODD += ("\u202eabc", "\u2028", "\uffff", "\U0010ffff", "\u0000".encode("unicode_escape").decode(), "æøå" * 400)
ODD += ("2026-13-45", "0001-01-01", "9999-12-31T23:59:60+99:99~", "2026-01-01T00:00:00+00:00~x", "<script>", "\t\r\n")
_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "IntConverter": (0, 1, 2**31, 2**63, 10**30),
    "ControllerKey": ("rundtur", "nobody"),
    "SlugConverter": ("x", "a" * 300, "0"),
    "StringConverter": ("pdf", "x" * 500, "'", "%"),
    "UUIDStrConverter": ("00000000-0000-0000-0000-000000000000",),
    "UUIDConverter": ("00000000-0000-0000-0000-000000000000",),
    "PathConverter": ("x/y",),
}


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, route, converters) of every address."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one, before + str(one.pattern))
        elif isinstance(one, URLPattern):
            yield one.name or str(one.pattern), before + str(one.pattern), one.pattern.converters


def _fields() -> set[str]:
    """Every name that a face reads from a form or a query, from the source itself."""
    found: set[str] = set()
    for path in Path(tillit.faces.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"(?:GET|POST)\.(?:get|getlist)\(\s*[\"'](\w+)[\"']", text))
        for keys in re.findall(r"(?:GET|POST)\.get\(key.*?for key in \(([^)]*)\)", text, re.S):
            found |= set(re.findall(r"\w+", keys))
    return found


ROUNDS = 2  # of every field with a value drawn anew; the draw is the same in every run
MANY = 12  # of `make soak`
NAMES = list(_patterns(get_resolver()))


def _paths(route: str, converters: dict[str, Any]) -> Iterator[str]:
    """The route filled in: each argument with every value of its kind, the others with the first."""
    first = {name: _ARGUMENTS[type(kind).__name__][0] for name, kind in converters.items()}
    yield _fill(route, first)
    for name, kind in converters.items():
        for value in _ARGUMENTS[type(kind).__name__][1:]:
            yield _fill(route, {**first, name: value})


def _fill(route: str, values: dict[str, Any]) -> str:
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found.group(1)]).replace("%", "%25"), route)


@pytest.fixture
def visitors(kari: Person, controllers: dict[str, Controller]) -> dict[str, Client]:
    """A stranger, a member and a colleague, each with a browser that does not swallow a fault."""
    found = {name: Client(raise_request_exception=False) for name in ("stranger", "member", "colleague")}
    sign_in(found["member"], kari)
    staffing.add(
        email="siv@arbeid.example",
        name="Siv Vakt",
        controller=controllers["rundtur"],
        role="customer_service",
        confidentiality=date(2026, 1, 1),
    )
    staff_sign_in(found["colleague"], "siv@arbeid.example")
    assert found["colleague"].get("/staff/rundtur/").status_code == 200
    assert found["member"].get("/rundtur/min-side/").status_code == 200
    return found


def test_h18_every_address_refuses_control_characters_in_path_query_and_form(visitors: dict[str, Client]) -> None:
    assert len(NAMES) > 25
    assert {"address", "code", "before", "page", "given", "phone", "text"} <= _fields()
    for name, route, converters in NAMES:
        path = next(_paths(route, converters))
        for visitor, client in visitors.items():
            for answer in (
                client.get(path, {"before": "a\x00b"}),
                client.get(path, {"\x00": "1"}),
                client.get(path + "%00"),
                client.post(path, {"address": "\x00@x.example"}),
                client.post(path, {"ad\x01dress": "x"}),
            ):
                refused = {400, 404} if route.startswith("api/") else {400}
                assert answer.status_code in refused, (name, visitor)
    page = visitors["stranger"].get("/rundtur/?x=%00", headers={"accept-language": "en"})
    assert "invisible character" in page.text
    assert page.headers["Content-Security-Policy"]


def test_h18_every_control_character_is_refused_and_line_breaks_of_a_text_are_not(visitors: dict[str, Client]) -> None:
    client = visitors["stranger"]
    for text in CONTROL:
        assert client.post("/rundtur/sign-in/", {"address": text}).status_code == 400, repr(text)
        assert client.get("/rundtur/sign-in/", {"page": text}).status_code == 400, repr(text)
    sent = SimpleUploadedFile("x.txt", b"\x00\x01", content_type="text/plain")
    assert client.post("/rundtur/sign-in/", {"address": "two\r\nlines\tand a tab", "file": sent}).status_code == 302
    assert client.get("/rundtur/sign-in/?page=%0A").status_code == 400


def test_h18_a_cookie_with_a_control_character_is_not_read(visitors: dict[str, Client]) -> None:
    for name in ("tillit_session", "tillit_language", "tillit_remember", "tillit_cookie_choice", "tillit_csrf"):
        client = Client(raise_request_exception=False)
        answer = client.get("/rundtur/min-side/", headers={"cookie": f'{name}="aaaaaaaaaaaaaaaa\\000bbbbbbbbbbbbbbbb"'})
        assert answer.status_code == 302, name


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(MANY, marks=pytest.mark.soak)])
@pytest.mark.parametrize("visitor", ["stranger", "member", "colleague"])
def test_h18_odd_values_in_any_field_of_any_address_are_no_fault_of_ours(
    visitors: dict[str, Client], visitor: str, rounds: int
) -> None:
    client, fields, dice = visitors[visitor], sorted(_fields()), Random(visitor)  # noqa: S311 (no secret)
    faults = []
    for name, route, converters in NAMES:
        if name in {"sign_out", "staff_sign_out", "leave"}:
            continue
        paths = list(_paths(route, converters))
        for path in paths:
            faults += [(name, path)] if client.get(path).status_code >= 500 else []
        for _ in range(rounds):
            values = {field: dice.choice(ODD) for field in fields}
            for method in (client.get, client.post):
                answer = method(paths[0], values)
                faults += [(name, method.__name__, values)] if answer.status_code >= 500 else []
    assert faults == []
