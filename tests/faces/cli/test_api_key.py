"""``tillit api-key``: a key is printed once, to be piped, and listed without it."""

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.support.intake import NOW, SOURCE, Club, club
from tillit.faces.api import keys
from tillit.faces.cli.main import run
from tillit.kernel import clock

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def ours(fresh_db: TestDatabase) -> Iterator[Club]:
    with clock.travel(NOW):
        yield club(members=0)


def test_a_key_is_made_listed_and_revoked(ours: Club, capsys: Captured) -> None:
    assert run(["api-key", "list"]) == 0
    assert "no keys yet" in capsys.readouterr().out
    assert run(["api-key", "add", "--source", SOURCE, "--name", "tills", "--scope", "purchases:write"]) == 0
    key, beside = capsys.readouterr()
    found = keys.find(key.strip())
    assert found is not None
    assert (found.name, found.scopes) == ("tills", ["purchases:write"])
    assert "shown this once" in beside
    assert run(["api-key", "list"]) == 0
    listed = capsys.readouterr().out
    assert "tills" in listed
    assert key.strip()[24:] not in listed
    for told in ("revoked", "was revoked before"):
        assert run(["api-key", "revoke", str(found.pk)]) == 0
        assert told in capsys.readouterr().out
    assert keys.find(key.strip()) is None


@pytest.mark.parametrize(
    "wrong",
    [
        ["add", "--source", "nobody", "--name", "x"],
        ["add", "--source", SOURCE, "--name", " "],
        ["add", "--source", SOURCE, "--name", "x", "--scope", "everything"],
        ["add", "--source", SOURCE, "--name", "x", "--per-minute", "0"],
        ["revoke", "7"],
    ],
)
def test_what_is_no_key_is_refused(ours: Club, capsys: Captured, wrong: list[str]) -> None:
    assert run(["api-key", *wrong]) == 2
    assert capsys.readouterr().err
