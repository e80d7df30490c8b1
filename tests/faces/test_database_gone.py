"""With the database stopped every address answers 503: pages with a page, the API with a problem document.

What needs no database goes on answering. Nobody is shown a fault of ours.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.faces.test_input import NAMES, _paths
from tests.support.gone import database_gone

# Addresses that say the same to everybody and ask nobody.
WITHOUT_DATABASE: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def gone(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), database_gone():
        yield


@pytest.fixture
def visitor() -> Client:
    """Somebody with a session, whose own fault nothing is."""
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.cookies["tillit_session"] = "a" * 32
    return client


@pytest.mark.parametrize("method", ["get", "post"])
def test_h18_every_address_says_that_the_database_does_not_answer(gone: None, visitor: Client, method: str) -> None:
    answered: dict[str, int] = {}
    for name, route, converters in NAMES:
        answer = getattr(visitor, method)(next(_paths(route, converters)))
        answered[f"{name} {route}"] = answer.status_code
        if answer.status_code != 503 or name == "health":
            continue
        assert answer.headers["Cache-Control"] == "no-store", route
        assert answer.headers["Retry-After"] == "30", route
        if route.startswith("api/"):
            assert answer.headers["Content-Type"] == "application/problem+json", route
            assert answer.json()["code"] == "unavailable", route
        else:
            assert "<h1" in answer.text, route
            assert "Traceback" not in answer.text
    assert [one for one, status in answered.items() if status == 500] == []
    assert sum(status == 503 for status in answered.values()) > 100
