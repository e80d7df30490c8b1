"""What a run cost this machine: wall clock, and processor time of this process and of PostgreSQL's."""

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django.db import connection

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Seconds: wall clock, this process's processor time, PostgreSQL's (0 where the server is another machine)."""

    wall: float
    ours: float
    server: float

    @classmethod
    def now(cls) -> Self:
        """The clocks now; subtract two of them."""
        return cls(time.monotonic(), time.process_time(), server_seconds())

    def __sub__(self, before: "Cost") -> "Cost":
        return Cost(self.wall - before.wall, self.ours - before.ours, self.server - before.server)

    @property
    def busy(self) -> float:
        """The share of all processors' time that both took."""
        return (self.ours + self.server) / (self.wall * processors())


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def peak_megabytes() -> int:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tree_seconds(root: int) -> float:
    """Processor time of a process of ours and everything it has started, ended ones it has waited for included."""
    found = {int(entry.name): stat for entry in Path("/proc").iterdir() if (stat := _named(entry.name)) is not None}
    chosen, more = {root}, True
    while more:
        children = {pid for pid, stat in found.items() if stat[1] in chosen} - chosen
        chosen |= children
        more = bool(children)
    return sum(stat[2] + stat[3] for pid, stat in found.items() if pid in chosen) / _TICK


def _named(name: str) -> tuple[str, int, int, int] | None:
    return _stat(int(name)) if name.isdigit() else None


def server_seconds() -> float:
    """Processor time of the server's processes, those that have ended included, where they run on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        mine = _stat(cursor.fetchone()[0])
    if mine is None or "postgres" not in mine[0]:
        return 0.0
    master = mine[1]
    ticks = 0
    for entry in Path("/proc").iterdir():
        found = _named(entry.name)
        if found is not None and found[1] == master:
            ticks += found[2]
    ended = _stat(master)
    return (ticks + (ended[3] if ended else 0)) / _TICK


def _stat(pid: int) -> tuple[str, int, int, int] | None:
    """(name, parent, own ticks, ticks of children that ended) of a process; None when it is gone or not ours to see."""
    try:
        head, _, tail = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")
    except OSError:
        return None
    facts = tail.split()
    return head.partition("(")[2], int(facts[1]), int(facts[11]) + int(facts[12]), int(facts[13]) + int(facts[14])
