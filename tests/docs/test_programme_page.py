"""docs/programme.md, run command by command: from an empty installation to posted bonus, without the demonstration."""

import io
import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from tests.conftest import TestDatabase
from tests.support.shops import card_number
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.platform import paths
from tillit.purchases.models import Batch

PAGE = (paths.root() / "docs" / "programme.md").read_text(encoding="utf-8")
CARD = card_number(7)


@pytest.fixture
def folder(fresh_db: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty installation, in June 2026, and the files that the page shows."""
    for name, language in (("programme.yaml", "yaml"), ("stores.csv", "csv"), ("kari.json", "json")):
        (shown,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)
        (tmp_path / name).write_text(shown, encoding="utf-8")
    (tmp_path / "card.txt").write_text(f"{CARD}\n", encoding="utf-8")
    (tmp_path / "examples").symlink_to(paths.root() / "examples")
    monkeypatch.chdir(tmp_path)
    with clock.travel(datetime(2026, 6, 1, 10, tzinfo=UTC)):
        yield tmp_path


class Told:
    """Runs a command of the page; what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch, self.member = capsys, monkeypatch, ""

    def __call__(self, command: str, code: int = 0) -> str:
        line, _, file = command.replace("$MEMBER", self.member).partition(" < ")
        given = Path(file).read_text(encoding="utf-8") if file else ""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(given))
        done = run(shlex.split(line)[1:])
        out, err = self.capsys.readouterr()
        assert done == code, f"{command}: {out}{err}"
        assert CARD not in out + err
        return (out + err).replace("\xa0", " ")


def test_c1_c4_c5_c6_from_nothing_to_posted_bonus_by_commands_and_the_api(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, told = Told(capsys, monkeypatch), {}
    for command in "".join(re.findall(r"```console\n(.*?)```", PAGE, flags=re.S)).splitlines():
        told[command] = tell(command)
        if command.startswith("tillit members join"):
            tell.member = told[command].split()[1].rstrip(":")
        if command.startswith("tillit api-key add"):
            key = next(line for line in told[command].splitlines() if line.startswith("tillit_"))
            bought(key, tell)
    rehearsed, loaded = (told[f"tillit programme load programme.yaml{end}"] for end in (" --dry-run", ""))
    assert rehearsed.splitlines()[:-1] and "changes would be made" in rehearsed  # noqa: PT018
    assert [line.partition(":")[0] for line in loaded.splitlines() if "+ rate" not in line] == [
        "+ source fjellmat-kasse",
        "+ chain fjellmat",
        "+ terms fjellmat",
        "+ store fjellmat 12",
        "+ group fjellmat kaffe",
        "+ offer fjellmat ny-her",
        "+ offer fjellmat vaar",
        "+ company cards 455600",
    ]
    assert loaded.count("+ rate") == 4
    assert "valid year_and_next, rounded half_up" in told["tillit programme show"]
    joined, used, corrected, left = (
        next(text for command, text in told.items() if command.startswith(start))
        for start in ("tillit members join", "tillit bonus use", "tillit bonus correct", "tillit members leave")
    )
    assert "Nordkai" in joined
    assert "Rundtur" in joined
    assert "NOK 2.50 left" in used
    assert "NOK 2.00 left" in corrected
    assert "2 memberships ended, 1 cards released" in left
    assert told["tillit misuse signs --controller nordkai --from 2026-01-01 --to 2026-06-01"] == "0 cases opened\n"


def bought(key: str, tell: Told) -> None:
    """140 kroner of coffee in store 12 in June: 2.5 %; the campaign on coffee is over."""
    row = {"id": "1", "time": "2026-06-01T12:05:00+02:00", "chain": "fjellmat", "store": "12", "amount": "100"}
    row |= {"card": CARD, "product_group": "kaffe"}
    with clock.travel(datetime(2026, 6, 3, 10, tzinfo=UTC)):
        answer = Client().post(
            "/api/v1/purchases",
            json.dumps({"purchases": [row, row | {"id": "2", "amount": "40"}]}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "1"},
        )
    assert answer.status_code == 201, answer.content
    (batch,) = Batch.objects.all()
    assert (batch.posted, batch.strangers) == (2, 0)
    shown = tell(
        "tillit members show $MEMBER --controller nordkai --as service@nordkai.example --purpose bonus_correction"
    )
    assert "bonus fjellmat: NOK 3.50" in shown
