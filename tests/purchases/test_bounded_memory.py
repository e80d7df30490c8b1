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


def test_a_hostile_file_of_hundreds_of_megabytes(tmp_path: Path, fresh_db: TestDatabase) -> None:
    path = tmp_path / "hostile.csv"
    rows = 0
    with path.open("wb") as file:
        file.write(HEADER)
        for part in range(12):
            block = b"\n".join(good(n, '"Kaffe"' if part % 4 == 3 else "Brød") for n in range(rows, rows + 40_000))
            file.write(block + b"\n")
            rows += 40_000
            if part == 5:
                for _ in range(64):  # one field of 64 MB, never held
                    file.write(b"x" * (1 << 20))
                file.write(b"\n")
                file.write(b'T;"' + b"\n" * 200_000)  # a quotation mark that is never closed
                file.write(b";" * (10 << 20) + b"\n")  # ten million columns
    assert path.stat().st_size > 100 << 20
    found = read(path, fresh_db)
    assert found["staged"] == rows
    line = 1 + 6 * 40_000
    assert found["rejects"] == [
        [line + 1, "", "row-too-long"],
        [line + 2, "", "quotes"],
        [line + 2 + 200_000, "", "row-too-long"],
    ]
    assert found["resident"] < MOST_RESIDENT


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
