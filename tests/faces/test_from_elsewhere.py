"""What another site, another host name or a hostile body can make any address do: nothing (H18)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from tests.faces.test_input import NAMES, _paths

pytestmark = pytest.mark.django_db

# Forms and calls that are taken without the page's own token, none of which rests on a cookie: name → what lets in.
WITHOUT_TOKEN = {
    "stop_access": "the link's own sealed token",
    "app_installed": "nothing: a number goes up, from our own pages, so many times a day from a network",
    "competition_confirm": "the link's own sealed token",
    "cookie_banner_choice": "nothing of the visitor's is read; the site it comes from must be declared",
    "handover_in": "the signature of an installation whose key our staff confirmed",
    "language": "nothing of worth changes: the language of the pages",
    "newsletter_confirm": "the link's own sealed token",
    "seminar_confirm": "the link's own sealed token",
    "survey": "the link's own sealed token",
    "unsubscribe": "the link's own sealed token (RFC 8058)",
}
SIGNED = ("sms/", "acquirer/", "api/", ".well-known/")  # by signature or key, in a header that no other site can set
OUTSIDE = "https://evil.example/"
DISGUISED = ("//evil.example/", "/\\evil.example/", "https:evil.example")
GO_ON = {"language", "cookie_choice", "staff_sign_in", "supplier_sign_in"}  # what reads `next`


def _addresses() -> Iterator[tuple[str, str, str]]:
    for name, route, converters in NAMES:
        yield name, route, next(_paths(route, converters))


def test_h18_every_form_refuses_a_post_that_does_not_come_from_its_page() -> None:
    client, exempt = Client(enforce_csrf_checks=True), set()
    refused = 0
    for name, route, path in _addresses():
        if getattr(resolve(path).func, "csrf_exempt", False):
            exempt |= set() if route.startswith(SIGNED) else {name}
            continue
        assert client.post(path, {"x": "1"}).status_code == 403, (name, path)
        refused += 1
    assert refused > 150
    assert exempt == WITHOUT_TOKEN.keys()


def test_h18_no_address_answers_to_a_host_name_that_is_not_ours() -> None:
    client = Client(raise_request_exception=False, headers={"host": "evil.example"})
    for name, _route, path in _addresses():
        answer = client.get(path)
        assert answer.status_code == 400, (name, answer.status_code)
        assert "evil.example" not in answer.text, name


def test_h18_no_form_sends_anybody_to_another_site() -> None:
    client = Client(raise_request_exception=False)
    sent: dict[str, Any] = {}
    for name, _route, path in _addresses():
        for target in (OUTSIDE, *(DISGUISED if name in GO_ON else ())):
            for answer in (client.get(path, {"next": target}), client.post(path, {"next": target, "language": "en"})):
                where = answer.headers.get("Location", "")
                if where.split("?")[0].replace("\\", "/").startswith(("//", "http")):
                    sent[name] = where
    assert sent == {}
    assert {name for name, _, _ in NAMES} >= GO_ON


def test_h18_a_body_nested_without_end_is_refused_wherever_bodies_are_read() -> None:
    client = Client(raise_request_exception=False)
    client.get("/")
    for name, route, path in _addresses():
        if not getattr(resolve(path).func, "csrf_exempt", False):
            continue
        for body in ("[" * 200_000, '{"message":' * 30_000):
            answer = client.post(path, body, content_type="application/json")
            assert answer.status_code < 500, (name, route)
