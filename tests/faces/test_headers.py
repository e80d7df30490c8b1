"""Security headers, error pages without data, a request log without personal data (H18)."""

import io
import json
import logging
import re
from hashlib import sha256
from typing import Any

import pytest
import structlog
from django.test import Client

from tests.faces.conftest import Person
from tests.support import databases, served
from tillit.declaration.models import Controller
from tillit.faces import look

PAGES = ("/", "/rundtur/", "/rundtur/statement/", "/rundtur/cookies/", "/rundtur/sign-in/", "/nothing/", "/staff/")


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_h18_every_answer_forbids_what_it_does_not_need(
    client: Client, controllers: dict[str, Controller], path: str
) -> None:
    answer = client.get(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in answer["Permissions-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    for word in (" style=", "<style", "onclick", "javascript:"):
        assert word not in answer.text
    assert answer.text.count("<script") == answer.text.count('<script src="/static/tillit/')
    assert re.search(r"<script[^>]*>[^<]", answer.text) is None, "a script of ours is a file, never in the page"


def test_h18_https_is_demanded_where_it_is_spoken(settings: Any, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    answer = Client().get("/nothing/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/nothing/")


def test_a_stopped_database_gives_503_and_no_data(fresh_db: Any) -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/").status_code == 200
    databases.drop(fresh_db.name)
    answer = client.get("/", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "The service is down" in answer.text
    assert answer["Retry-After"]
    assert fresh_db.name not in answer.text


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_refused(controllers: dict[str, Controller]) -> None:
    answer = Client(enforce_csrf_checks=True).post("/rundtur/sign-in/", {"address": "a@b.example"})
    assert answer.status_code == 403
    assert "Skjemaet kunne ikke sendes" in answer.text


@pytest.mark.django_db
def test_the_request_log_holds_routes_and_no_addresses(client: Client, kari: Person) -> None:
    root = logging.getLogger()
    ours = next(h for h in root.handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter))
    level, written = root.level, io.StringIO()
    root.setLevel("INFO")
    before = ours.setStream(written)  # type: ignore[attr-defined]
    try:
        client.get("/rundtur/?who=kari.nordseth@post.example")
        client.get("/kari.nordseth@post.example/")
        client.post("/rundtur/sign-in/", {"address": kari.email})
    finally:
        root.setLevel(level)
        ours.setStream(before)  # type: ignore[attr-defined]
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    routes = [line["route"] for line in lines if line["event"] == "request"]
    assert routes == ["<controller:controller>/", "none", "<controller:controller>/sign-in/"]
    assert "nordseth" not in written.getvalue()


@pytest.mark.parametrize("accent", sorted(look.ACCENTS))
def test_every_accent_and_its_shades_can_be_read(accent: str) -> None:
    shade = {
        name.removeprefix("--ds-color-accent-"): value for name, value in look.tokens(look.ACCENTS[accent]).items()
    }
    for back in ("background-tinted", "surface-tinted", "surface-hover", "surface-active"):
        assert look.contrast(shade["text-subtle"], shade[back]) >= 4.5
        assert look.contrast(shade["text-default"], shade[back]) >= 7
    for back in ("base-default", "base-hover", "base-active"):
        assert look.contrast(shade["base-contrast-default"], shade[back]) >= 4.5
    assert look.contrast(shade["border-default"], "#ffffff") >= 3


def test_even_a_pale_accent_is_made_readable() -> None:
    shade = look.tokens("#ffe14d")
    assert look.contrast(shade["--ds-color-accent-base-default"], "#ffffff") >= 4.5


@pytest.mark.django_db
def test_style_sheets_are_kept_for_a_year_under_addresses_that_change_with_them(client: Client) -> None:
    page = client.get("/").text
    (sheet,) = re.findall(r'href="(/static/tillit/tillit.css[^"]*)"', page)
    path, _, version = sheet.partition("?v=")
    answer = client.get(sheet)
    assert sha256(served.body(answer)).hexdigest()[:12] == version
    assert answer["Cache-Control"] == "max-age=31536000, public"
    bare = client.get(path)
    assert (bare.status_code, sha256(served.body(bare)).hexdigest()[:12]) == (200, version)
