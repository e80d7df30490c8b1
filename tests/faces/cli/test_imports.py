"""``tillit import``: what it prints, its exit codes, and that nothing of a file is ever shown."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.support import commands
from tests.support.intake import NOW, SOURCE, Club, club
from tests.support.shops import card_number, row, shops, write
from tillit.kernel import clock
from tillit.platform import paths
from tillit.purchases.models import Batch, QuarantinedRow

TIME = "2026-03-02T12:30:00+01:00"


@pytest.fixture
def ours(fresh_db: TestDatabase) -> Iterator[Club]:
    with clock.travel(NOW):
        yield club(members=2)


def tillit(database: TestDatabase, *arguments: str) -> subprocess.CompletedProcess[str]:
    return commands.tillit("import", *arguments, environment=database.environment)


def test_c5_a_file_is_taken_in_once(ours: Club, fresh_db: TestDatabase, tmp_path: Path) -> None:
    one, _ = ours.members.values()
    path = write(tmp_path / "f.csv", [row(1, one), row(2, card_number(99)), row(3, one, amount="50,00")])
    done = tillit(fresh_db, "purchases", str(path), "--source", SOURCE)
    assert done.returncode == 0, done.stderr
    assert "CSV, utf-8, semicolon, 9 columns" in done.stdout
    (batch,) = Batch.objects.all()
    assert (batch.rows_read, batch.posted, batch.strangers, batch.quarantined) == (3, 2, 1, 0)
    assert "posted" in done.stdout
    assert "Reading 100 %" in done.stderr or "Reading" in done.stderr
    again = tillit(fresh_db, "purchases", str(path), "--source", SOURCE)
    assert again.returncode == 0
    assert "taken in before" in again.stdout
    assert Batch.objects.count() == 1


def test_rows_that_cannot_be_used_make_exit_code_3_and_are_not_shown(
    ours: Club, fresh_db: TestDatabase, tmp_path: Path
) -> None:
    one, _ = ours.members.values()
    path = write(tmp_path / "f.csv", [row(1, one), row(2, one, chain="nowhere", product="Hemmelig"), "Sum;2"])
    done = tillit(fresh_db, "purchases", str(path), "--source", SOURCE)
    assert done.returncode == 3
    assert "unknown-chain" in done.stdout
    listed = tillit(fresh_db, "quarantine", "list", "--source", SOURCE, "--json")
    facts = json.loads(listed.stdout)
    assert [(fact["line"], fact["field"], fact["reason"]) for fact in facts] == [
        (3, "chain", "unknown-chain"),
        (4, "", "columns"),
    ]
    norsk = tillit(fresh_db, "quarantine", "list", "--source", SOURCE, "--language", "nb")
    assert "Kjeden er ikke kjent." in norsk.stdout
    for text in (done.stdout, done.stderr, listed.stdout, norsk.stdout):
        assert one not in text
        assert "Hemmelig" not in text


def test_a_dry_run_stores_nothing(ours: Club, fresh_db: TestDatabase, tmp_path: Path) -> None:
    one, _ = ours.members.values()
    path = write(tmp_path / "f.csv", [row(1, one), row(2, one, chain="nowhere")])
    done = tillit(fresh_db, "purchases", str(path), "--source", SOURCE, "--dry-run")
    assert done.returncode == 3
    assert "line 3, chain: unknown-chain" in done.stdout
    assert not Batch.objects.exists()
    assert not QuarantinedRow.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"id;time;chain;store;amount;card;navn\n", "unknown columns: 7 (navn)"),
    ],
)
def test_a_refused_file_is_one_line_and_exit_code_2(
    ours: Club, fresh_db: TestDatabase, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    done = tillit(fresh_db, "purchases", str(path), "--source", SOURCE)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert not Batch.objects.exists()
    missing = tillit(fresh_db, "purchases", str(tmp_path / "none.csv"), "--source", SOURCE)
    assert missing.returncode == 2
    unknown = tillit(fresh_db, "purchases", str(path), "--source", "nobody")
    assert unknown.returncode == 2


def test_a_terminal_sees_a_bar(ours: Club, fresh_db: TestDatabase, tmp_path: Path) -> None:
    one, _ = ours.members.values()
    path = write(tmp_path / "f.csv", [row(n, one) for n in range(2000)])
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tillit.faces.cli", "import", "purchases", str(path), "--source", SOURCE],
        cwd=paths.root(),
        env=fresh_db.environment | {"TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=side,
    )
    os.close(side)
    seen = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(main)
    assert process.wait(timeout=120) == 0
    assert "━".encode() in seen
    assert b"Reading" in seen


def test_a_row_is_shown_masked_repaired_and_replayed(ours: Club, fresh_db: TestDatabase, tmp_path: Path) -> None:
    one, two = ours.members.values()
    lines = [row(1, one, chain="nowhere"), row(2, two, store=9), row(3, one[:-1]), "Sum;100"]
    assert tillit(fresh_db, "purchases", str(write(tmp_path / "f.csv", lines)), "--source", SOURCE).returncode == 3
    by_line = {waiting.line: str(waiting.pk) for waiting in QuarantinedRow.objects.all()}
    shown = tillit(fresh_db, "quarantine", "show", by_line[2])
    assert f"card: …{one[-4:]}" in shown.stdout
    assert one not in shown.stdout
    assert one in tillit(fresh_db, "quarantine", "show", by_line[2], "--reveal").stdout
    assert tillit(fresh_db, "quarantine", "repair", by_line[2], "chain=fjellmat").returncode == 0
    assert tillit(fresh_db, "quarantine", "repair", by_line[2], "navn=x").returncode == 2
    with clock.travel(NOW):
        shops(ours.controller, stores=9)
    replayed = tillit(fresh_db, "quarantine", "replay", "--source", SOURCE)
    assert "4 rows played, 2 taken in, 2 still wait" in replayed.stdout
    assert replayed.returncode == 3
    done = QuarantinedRow.objects.filter(line__in=[2, 3])
    assert {(waiting.resolution, waiting.sealed) for waiting in done} == {("replayed", None)}
    assert "1 rows dismissed" in tillit(fresh_db, "quarantine", "dismiss", by_line[5]).stdout
    repaired = tillit(fresh_db, "quarantine", "repair", by_line[4], f"card={one}")
    assert repaired.returncode == 0
    last = tillit(fresh_db, "quarantine", "replay", "--source", SOURCE, by_line[4])
    assert last.returncode == 0, last.stdout
    assert tillit(fresh_db, "quarantine", "replay", "--source", SOURCE).stdout.startswith("0 rows played")
    with fresh_db.connect("backup") as everything:
        assert everything.execute("SELECT count(*) FROM purchases_purchase").fetchone() == (3,)
