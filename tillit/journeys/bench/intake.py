"""`tillit bench intake`: purchases a second from a file to posted bonus, beside bare COPY and beside Hordak.

The conditions are those of the issue: full card numbers in the file, 40 % of its rows non-members', only posted
purchases count, 200 000 subjects with three chains each, logged tables, fsync, row-level security and audit on. They
are looked up in the running database, not assumed; then the ledger is checked before anything is reported.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys import purchase_import
from tillit.journeys.bench import Figure, Result, files, world
from tillit.journeys.bench.bare import bare_copy
from tillit.journeys.bench.errors import BenchError
from tillit.journeys.bench.machine import Cost, peak_megabytes, processors
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.ledger import queries as ledger
from tillit.platform import paths
from tillit.purchases.models import Batch, Purchase

NAME = "intake"
HORDAK_DATABASE = "tillit_bench_hordak"
ROWS, MEMBERS, MORE, SAMPLE = 500_000, 200_000, 10, 2_000
_LOGGED = ("purchases_seen", "purchases_purchase", "ledger_transfer", "ledger_balance", "audit_event")
_SECURED = ("purchases_purchase", "purchases_unmatched_refund", "ledger_transfer", "ledger_balance")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One file taken in, and the same file copied barely (seconds)."""

    written: files.Written
    posted: int
    cost: Cost
    copied: float

    @property
    def rate(self) -> float:
        """Posted purchases a second."""
        return self.posted / self.cost.wall


def run(*, rows: int = ROWS, members: int = MEMBERS, more: int = MORE, hordak: bool = True, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`, made by `place.prepared`.

    `more`: how many times the rows of the first file the second has (1: no second). Raises `BenchError` when a
    condition does not hold or the ledger does not add up.
    """
    tell(f"{members:,} members, {rows:,} rows")
    world.build(members=members)
    settle()
    with tempfile.TemporaryDirectory(dir=paths.ensure_var(), prefix="bench-") as folder:
        first = _measure(Path(folder), rows=rows, members=members, seed=1, tell=tell)
        second = _measure(Path(folder), rows=rows * more, members=members, seed=2, tell=tell) if more > 1 else None
        sample = _hordak(Path(folder), tell) if hordak else None
    _hold(first.posted + (second.posted if second else 0))
    return _result(first, second, sample, members)


def _measure(folder: Path, *, rows: int, members: int, seed: int, tell: Tell) -> Run:
    tell(f"writing {rows:,} rows")
    written = files.write(folder / f"{seed}.csv", rows=rows, members=members, seed=seed)
    tell("bare COPY")
    copied = bare_copy(written.path)
    settle()
    tell("Tillit")
    before = Cost.now()
    report = purchase_import.import_file(path=written.path, source_key=world.SOURCE)
    cost = Cost.now() - before
    batch = report.batch
    if batch is None or (batch.rows_read, batch.posted) != (rows, written.members):
        raise BenchError("bench-posted", "not every member's purchase was posted")
    written.path.unlink()
    return Run(written, batch.posted, cost, copied)


def _hordak(folder: Path, tell: Tell) -> dict[str, Any]:
    """The first purchases that were posted, credited one by one by Hordak in a process and database of its own."""
    tell(f"Hordak, a sample of {SAMPLE:,}")
    path = folder / "sample.jsonl"
    actor = _everyone()
    with Scope(actor, "bonus_earning"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "sample", "sample"), {"count": SAMPLE})
        path.write_text("\n".join(json.dumps(row) for row in cursor.fetchall()), "utf-8")
    done = subprocess.run(  # noqa: S603 (ours)
        [sys.executable, "-m", "tillit.journeys.bench.hordak_sample", str(path)],
        env={**os.environ, "TILLIT_DATABASE_NAME": HORDAK_DATABASE},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BenchError("bench-hordak", (done.stderr.strip().splitlines() or ["no answer"])[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _hold(posted: int) -> None:
    """Raise `BenchError` unless the stated conditions hold and the books are right."""
    hold_server(logged=_LOGGED, secured=_SECURED)
    with Scope(_everyone(), "bonus_earning"):
        require(Purchase.objects.count() == posted, "purchases are missing")
        require(ledger.unexplained() == 0, "a balance is not its history")
        require(all(line.standing in {None, line.moved} for line in ledger.trial_balance()), "the books do not add up")
    with Scope(_everyone(), "security_log"):
        batches = set(Batch.objects.values_list("pk", flat=True))
        require(batches <= set(Event.objects.values_list("batch", flat=True)), "a batch left no audit event")


def _everyone() -> Any:
    return system("bench", Controller.objects.values_list("pk", flat=True))


def _result(first: Run, second: Run | None, sample: dict[str, Any] | None, members: int) -> Result:
    ratios = {"bare_copy": first.cost.wall / first.copied}
    figures = {
        "posted_per_second": Figure(round(first.rate), "purchases/s"),
        "posted": Figure(first.posted, "purchases"),
        "rows": Figure(first.written.rows, "rows"),
        "rows_per_second": Figure(round(first.written.rows / first.cost.wall), "rows/s"),
        "subjects": Figure(members, "people"),
        "seconds": Figure(round(first.cost.wall, 2), "s"),
        "bare_copy_rows_per_second": Figure(round(first.written.rows / first.copied), "rows/s"),
        "busy": Figure(round(100 * first.cost.busy), "%"),
        "cpu_python": Figure(round(1e6 * first.cost.ours / first.posted, 1), "µs/purchase"),
        "cpu_postgresql": Figure(round(1e6 * first.cost.server / first.posted, 1), "µs/purchase"),
        "peak_memory": Figure(peak_megabytes(), "MB"),
        "processors": Figure(processors(), "processors"),
    }
    if second is not None:
        factor = second.written.rows // first.written.rows
        ratios[f"bare_copy_{factor}x_rows"] = second.cost.wall / second.copied
        ratios[f"growth_{factor}x_rows"] = (second.cost.wall / second.posted) / (first.cost.wall / first.posted)
        figures[f"posted_per_second_{factor}x_rows"] = Figure(round(second.rate), "purchases/s")
        figures[f"posted_{factor}x_rows"] = Figure(second.posted, "purchases")
    if sample is not None:
        each = sample["seconds"] / sample["credited"]
        ratios["hordak_one_by_one_sample"] = first.cost.wall / first.posted / each
        figures["hordak_sample"] = Figure(sample["credited"], "purchases")
        figures["hordak_per_second"] = Figure(round(1 / each), "purchases/s")
    return Result(NAME, {name: round(ratio, 4) for name, ratio in ratios.items()}, figures, _bound(first))


def _bound(one: Run) -> str:
    ours, server = (1e6 * part / one.posted for part in (one.cost.ours, one.cost.server))
    if not one.cost.server:
        return "not known: the server is another machine"
    what = "processor time" if one.cost.busy > 0.8 else "waiting (disk, locks between the lanes, other load)"
    return (
        f"{what}: {processors()} processors {100 * one.cost.busy:.0f} % busy, {server:.1f} µs a posted purchase in "
        f"PostgreSQL (four rows and three index entries with their log) and {ours:.1f} µs in Python (reading, checking "
        "and three digests for each row, members' or not)"
    )
