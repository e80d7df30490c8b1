"""The machine: folders and disks, secrets, time zones, front-end assets, PostgreSQL's programs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.staticfiles import finders

from tillit.audit import heads
from tillit.faces.doctor.findings import Finding, ok, warning, wrong
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.platform import paths, secret_marks, secrets
from tillit.platform import programs as postgresql
from tillit.privacy.backup import places

LITTLE, TIGHT = 2 << 30, 256 << 20
"""Bytes free: below the first somebody should look, below the second writing may fail at any time."""
_STORES: tuple[places.Store, ...] = ("dump", "keys", "journal")
_SHEETS = ("tillit/tillit.css", "designsystemet/designsystemet.css", "htmx/htmx.min.js")


def folders() -> Iterator[Finding]:
    """Each folder can be written and has room; what must survive the machine is not all on one disk."""
    named = {"var": paths.var(), "audit-heads": heads.folder()} | {
        f"backup-{store}": places.folder(store) for store in _STORES
    }
    for name, path in named.items():
        yield _folder(name, path)
    devices = {_there(path).stat().st_dev for path in named.values()}
    if len(devices) == 1:
        yield warning(
            "disks", "data, dumps, keys and journal are on one disk: TILLIT_BACKUPS, TILLIT_KEY_BACKUPS, TILLIT_JOURNAL"
        )
    else:
        yield ok("disks", f"on {len(devices)} disks")


def secrets_kept() -> Iterator[Finding]:
    """Every secret that rows depend on is there; nothing is made here."""
    missing = [name for name in secret_marks.marked() if not secrets.known(name)]
    if missing:
        yield warning("secrets", f"not made yet, or lost: {', '.join(missing)} (docs/operations.md, Secrets)")
    else:
        yield ok("secrets", "all are there; keep a copy apart from the backups")


def time_zone() -> Iterator[Finding]:
    """The time zone that days and deadlines are counted in is known."""
    try:
        yield ok("time-zone", f"days and deadlines are counted in {ZoneInfo(DEFAULT_ZONE).key}")
    except ZoneInfoNotFoundError:
        yield wrong("time-zone", f"{DEFAULT_ZONE} is unknown: install the Python package tzdata")


def assets() -> Iterator[Finding]:
    """Style sheets and scripts are where the pages ask for them."""
    missing = [name for name in _SHEETS if finders.find(name) is None]
    if missing:
        yield wrong("assets", f"missing: {', '.join(missing)}; run make in {settings.PACKAGE.parent}")
    else:
        yield ok("assets", "style sheets and scripts are there")


def programs() -> Iterator[Finding]:
    """What backups are made with is installed."""
    for name in ("pg_dump", "pg_restore"):
        yield ok(name.replace("_", "-"), str(postgresql.find(name)))


def _folder(name: str, path: Path) -> Finding:
    there = _there(path)
    if not os.access(there, os.W_OK | os.X_OK):
        return wrong(name, f"{there} cannot be written")
    free = shutil.disk_usage(there).free
    said = f"{path}: {free / (1 << 30):.1f} GiB free"
    if free < TIGHT:
        return wrong(name, said, free_bytes=free)
    return (warning if free < LITTLE else ok)(name, said, free_bytes=free)


def _there(path: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(one for one in (path, *path.parents) if one.exists())
