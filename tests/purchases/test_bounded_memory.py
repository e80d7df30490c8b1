"""Huge and hostile files are read in bounded memory: measured in a process of its own, under a hard limit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TestDatabase
from tests.purchases.reading import HEADER, good
from tillit.platform import paths

MOST_RESIDENT = 180  # MB that reading takes, beyond Python, Django and the libraries
FIELD = 64  # MB of one field
MOST_DATA = 900  # MB of data segment the process may ask for at all
READ = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({limit} * 2**20, {limit} * 2**20))
import django
django.setup()
from pathlib import Path
from tests.purchases.reading import references
from tillit.purchases import staging
from tillit.purchases.reading.files import PurchaseFile
def memory(what):
    # Not getrusage: that starts at what the process which started this one held.
    return int(Path("/proc/self/status").read_text().split(what)[1].split()[0]) // 1024
before = memory("VmRSS:")
with PurchaseFile(Path(sys.argv[1])) as file:
    file.digest()
    counts, shown = staging.examine(chunks=file.chunks(), references=references())
print(json.dumps({{
    "staged": counts.staged,
    "rejects": [(r.line, r.field, r.code) for r in shown],
    "before": before,
    "resident": memory("VmHWM:") - before,
}}))
"""


def read(path: Path, database: TestDatabase) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", READ.format(limit=MOST_DATA), str(path)],
        cwd=paths.root(),
        env=database.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows_of_both_kinds(path: Path, *, hostile: bool) -> int:
    """Write 240 000 good rows, a quarter of them quoted; hostile lines in the middle if asked. Returns the rows."""
    rows = 0
    with path.open("wb") as file:
        file.write(HEADER)
        for part in range(6):
            block = b"\n".join(good(n, '"Kaffe"' if part % 4 == 3 else "Brød") for n in range(rows, rows + 40_000))
            file.write(block + b"\n")
            rows += 40_000
            if hostile and part == 2:
                for _ in range(FIELD):
                    file.write(b"x" * (1 << 20))
                file.write(b"\n")
                file.write(b'T;"' + b"\n" * 200_000)  # a quotation mark that is never closed
                file.write(b";" * (10 << 20) + b"\n")  # ten million columns
    return rows


def test_a_hostile_file_takes_no_more_memory_than_a_good_one(tmp_path: Path, fresh_db: TestDatabase) -> None:
    tame, hostile = tmp_path / "tame.csv", tmp_path / "hostile.csv"
    usual = read_all(tame, rows_of_both_kinds(tame, hostile=False), fresh_db)
    found = read_all(hostile, rows_of_both_kinds(hostile, hostile=True), fresh_db)
    line = 1 + 3 * 40_000
    assert usual["rejects"] == []
    assert found["rejects"] == [
        [line + 1, "", "row-too-long"],
        [line + 2, "", "quotes"],
        [line + 2 + 200_000, "", "row-too-long"],
    ]
    # The field alone is 64 MB: had it been held, even once, it would show. The rest is what two runs differ by.
    assert found["resident"] < usual["resident"] + FIELD // 2


def read_all(path: Path, rows: int, database: TestDatabase) -> dict[str, Any]:
    found = read(path, database)
    assert found["staged"] == rows
    return found


@pytest.mark.parametrize("times", [1, 4])
def test_memory_does_not_grow_with_the_file(times: int, tmp_path: Path, fresh_db: TestDatabase) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(HEADER)
        for part in range(10 * times):
            file.write(b"\n".join(good(n) for n in range(part * 30_000, (part + 1) * 30_000)) + b"\n")
    found = read(path, fresh_db)
    assert found["staged"] == 300_000 * times
    assert found["resident"] < MOST_RESIDENT
