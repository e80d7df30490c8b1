"""The health endpoint tells the truth about the database."""

from typing import Any

import pytest
from django.test import Client

from tests.support import databases


@pytest.mark.django_db
def test_health_is_ok_while_the_database_answers(client: Client) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert "no-store" in answer["Cache-Control"]


def test_health_is_unavailable_when_the_database_is_gone(client: Client, fresh_db: Any) -> None:
    assert client.get("/health").status_code == 200
    databases.drop(fresh_db.name)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "database": "unreachable"})
    assert client.post("/health").status_code == 405
