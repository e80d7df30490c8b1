"""Copies of somebody's data that were written out on this machine: for a week, then gone, or with the person (H1, H10).

A copy that is downloaded leaves us; one that staff have written to a file is ours until it is handed over.
"""

from datetime import timedelta
from pathlib import Path

from tillit.kernel import clock
from tillit.platform import passing_files, paths

KEPT = "P7D"


def folder() -> Path:
    """Where copies are written."""
    return paths.var() / "copies"


def write(body: bytes, *, suffix: str) -> Path:
    """A copy for its owner's eyes alone; its name begins with the moment it lapses. `suffix`: `.zip` …"""
    return passing_files.write(folder(), body, until=clock.now() + timedelta(days=7), suffix=suffix)
