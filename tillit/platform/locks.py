"""Locks between processes of one machine, held on files."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tillit.platform.errors import PlatformError


@contextlib.contextmanager
def exclusive(path: Path, *, timeout: float = 120.0) -> Iterator[None]:
    """Hold the lock file `path` (created 0600). Waits up to `timeout` seconds.

    The kernel drops the lock when its holder dies, so a killed process leaves nothing to clean up. Child processes
    do not inherit it. Raises `PlatformError` when the wait is over.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise PlatformError(f"{path} belongs to another user: run as that user, or as root") from None
    try:
        _wait_for(handle, path, timeout)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, path: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise PlatformError(f"another process has held {path} for {timeout:.0f} seconds") from None
            time.sleep(0.05)
        else:
            return
