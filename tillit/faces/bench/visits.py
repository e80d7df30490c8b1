"""Visits over real sockets: connections that stay open, as a browser's do, and how long each answer took."""

import gzip
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from math import ceil
from threading import Thread

from tillit.faces.bench.weights import Fetched
from tillit.journeys.bench.errors import BenchError
from tillit.journeys.bench.place import require

TIMEOUT = 60.0


class Visitor:
    """A browser with its own connection and cookie."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._link = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._heads = {"Accept-Encoding": "gzip", "Accept-Language": "nb"} | ({"Cookie": cookie} if cookie else {})

    def get(self, path: str) -> Fetched:
        """The answer, whole."""
        self._link.request("GET", path, headers=self._heads)
        answer = self._link.getresponse()
        body = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
        plain = gzip.decompress(body) if packed else body
        return Fetched(answer.status, len(body), plain.decode(errors="replace"))

    def close(self) -> None:
        """Hang up."""
        self._link.close()


@dataclass
class Times:
    """Seconds that answers took."""

    taken: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Milliseconds within which `share` of the answers came (nearest rank)."""
        ordered = sorted(self.taken)
        return 1000 * ordered[max(0, ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True)
class Visit:
    """A page and whose session asks for it ('' for nobody's)."""

    path: str
    cookie: str = ""


def alone(port: int, visits: Sequence[Visit]) -> Times:
    """One client, one visit after the other; every answer must be 200. Raises `BenchError`."""
    made, browsers = Times(), {visit.cookie: Visitor(port, visit.cookie) for visit in visits}
    for visit in visits:
        made.taken.append(_timed(browsers[visit.cookie], visit))
    for one in browsers.values():
        one.close()
    return made


def together(port: int, visits: Sequence[Visit], *, clients: int, seconds: float) -> tuple[Times, float]:
    """So many clients, each going round the visits from another place; (their times, requests a second)."""
    until, all_times, faults = time.monotonic() + seconds, Times(), list[str]()

    def go(turn: int) -> None:
        mine = [visits[(turn * 7 + n) % len(visits)] for n in range(len(visits))]
        browsers = {visit.cookie: Visitor(port, visit.cookie) for visit in mine}
        place = 0
        try:
            while time.monotonic() < until:
                visit = mine[place % len(mine)]
                all_times.taken.append(_timed(browsers[visit.cookie], visit))
                place += 1
        except (OSError, BenchError) as error:
            faults.append(str(error))
        for one in browsers.values():
            one.close()

    started = time.monotonic()
    threads = [Thread(target=go, args=(turn,)) for turn in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    require(not faults, "; ".join(faults[:1]))
    return all_times, len(all_times.taken) / (time.monotonic() - started)


def _timed(browser: Visitor, visit: Visit) -> float:
    begun = time.perf_counter()
    answer = browser.get(visit.path)
    taken = time.perf_counter() - begun
    require(answer.status == 200, f"{visit.path} was answered with {answer.status}")
    return taken
