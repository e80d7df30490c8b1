"""Taking views in: put aside in memory, stored together twice a second (G3).

A server process that is killed loses what it had put aside, at most a second's. Storing is one COPY for all of them.
"""

import atexit
import hmac
import secrets
import threading
from collections import deque
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from time import monotonic
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import structlog
from django.db import close_old_connections, connection

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.iso_period import IsoPeriod
from tillit.parties.rates import truncated
from tillit.visits import reading
from tillit.visits.countries import country
from tillit.visits.models import Salt

EVERY = 0.5
_MOST = 200_000
_COLUMNS = (
    "controller_id", "at", "day", "visitor", '"left"', "seconds", "page", "source", "keyword", "campaign", "device",
    "browser", "country", "keep_until",
)  # fmt: skip
log = structlog.get_logger(__name__)
Row = tuple[object, ...]


@dataclass(frozen=True)
class Seen:
    """What a request tells of a view. query: of the page's address; seconds: how long, when it was left."""

    path: str
    agent: str
    address: str
    host: str = ""
    referrer: str = ""
    query: str = ""
    seconds: int | None = None


@dataclass(frozen=True)
class _Site:
    """A controller that counts visits: its id, and how long single views are kept."""

    id: int
    kept: IsoPeriod


class Counter:
    """Takes views in and stores them. One a process; `start` begins storing by itself."""

    def __init__(self) -> None:
        self._waiting: deque[Row] = deque(maxlen=_MOST)
        self._sites: tuple[float, dict[str, _Site]] = (0.0, {})
        self._salt: tuple[date, bytes] = (date.min, b"")
        self._until: dict[tuple[int, date], datetime] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Store twice a second from now on, until the process ends."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._go_on, name="visits", daemon=True)
                self._thread = thread
                thread.start()
                atexit.register(self.stop)

    def stop(self) -> None:
        """Store what waits and no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def take(self, key: str, seen: Seen, at: datetime | None = None) -> bool:
        """Put a view aside; whether it counts: the controller counts visits, and it is no program's."""
        site = self._site(key)
        if site is None or reading.is_bot(seen.agent):
            return False
        now = at or clock.now()
        day = now.astimezone(ZoneInfo(clock.DEFAULT_ZONE)).date()
        query = parse_qs(seen.query[:1000]) if seen.query else {}
        came, keyword = reading.source(seen.referrer, seen.host)
        place = truncated(seen.address)
        self._waiting.append(
            (
                site.id,
                now,
                day,
                self._visitor(site.id, day, place, seen.agent),
                seen.seconds is not None,
                min(max(seen.seconds or 0, 0), 3600),
                reading.page(seen.path),
                came,
                keyword or reading.word(query.get("utm_term", [""])[0]),
                reading.campaign(query) if query else "",
                reading.device(seen.agent),
                reading.browser(seen.agent),
                country(place),
                self._kept(site, day, now),
            )
        )
        return True

    def store(self) -> int:
        """Store everything that waits; how many. What cannot be stored now waits on."""
        rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not rows:
            return 0
        try:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY visits_hit ({', '.join(_COLUMNS)}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        except Exception:
            self._waiting.extendleft(reversed(rows))
            raise
        return len(rows)

    def _go_on(self) -> None:
        while not self._stop.wait(EVERY):
            self._try()
        self._try()

    def _try(self) -> None:
        try:
            close_old_connections()
            self.store()
        except Exception as error:  # noqa: BLE001 (the thread must go on)
            log.warning("visits_not_stored", error=type(error).__name__)

    def _site(self, key: str) -> _Site | None:
        until, sites = self._sites
        if monotonic() >= until:
            sites = _sites()
            self._sites = (monotonic() + 60, sites)
        return sites.get(key)

    def _visitor(self, controller: int, day: date, place: str, agent: str) -> int:
        """A number of the visitor for this controller and day alone: 63 bits."""
        if self._salt[0] != day:
            self._salt = (day, salt_of(day))
        made = hmac.digest(self._salt[1], f"{controller}|{place}|{agent}".encode(), sha256)
        return int.from_bytes(made[:8], "big") >> 1

    def _kept(self, site: _Site, day: date, now: datetime) -> datetime:
        if (site.id, day) not in self._until:
            if len(self._until) > 1000:
                self._until.clear()
            self._until[site.id, day] = site.kept.add_to(now)
        return self._until[site.id, day]


def salt_of(day: date) -> bytes:
    """The salt of the day, the same for every process; made when there is none. Those of earlier days are destroyed."""
    Salt.objects.filter(day__lt=day).delete()
    Salt.objects.bulk_create([Salt(day=day, salt=secrets.token_bytes(32))], ignore_conflicts=True)
    return bytes(Salt.objects.values_list("salt", flat=True).get(pk=day))


def _sites() -> dict[str, _Site]:
    found = {}
    for controller in Controller.objects.filter(versions__isnull=False).distinct():
        try:
            declared = current(controller_id=controller.pk, on=clock.today()).visit_statistics
        except TillitError:
            continue
        if declared is not None:
            found[controller.key] = _Site(controller.pk, IsoPeriod.parse(declared.individual))
    return found


COUNTER = Counter()
"""This process's."""
