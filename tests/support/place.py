"""Where the tests keep their servers and files: in memory where the machine has room, for a test's database is 1 400
small files and tests make a thousand of them.

``var/test`` is then a link into the memory file system. Needs Linux; elsewhere it is a directory.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from tillit.platform import postgres

MEMORY = Path("/dev/shm")  # noqa: S108 - the directory beneath is checked to be ours
_PREFIX = "tillit-test-"
_ROOM = 6 * 1024**3  # bytes; two workers have been seen to need one and a half


def of_tests(root: Path, memory: Path = MEMORY) -> Path:
    """The directory of the tests of the checkout `root`, made if it is missing."""
    link = root / "var" / "test"
    link.parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    if link.is_symlink() and link.is_dir() and _ours(link.resolve()):
        return link.resolve()
    _sweep(memory)
    if not _roomy(memory) or (link.is_dir() and any(postgres.Server(one).status().running for one in _servers(link))):
        return link
    if link.is_symlink():
        link.unlink()  # of a machine that was started anew
    elif link.is_dir():
        shutil.rmtree(link)
    inside = memory / f"{_PREFIX}{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"
    inside.mkdir(mode=0o711, exist_ok=True)
    if not _ours(inside):
        return link
    (inside / "checkout").write_text(str(root), encoding="utf-8")
    _point(link, inside)
    return inside


def _servers(place: Path) -> list[Path]:
    return [place / "postgres", *place.glob("*/postgres")]


def _point(link: Path, inside: Path) -> None:
    """Workers that begin at once make the same link."""
    with tempfile.TemporaryDirectory(dir=link.parent) as beside:
        made = Path(beside) / "link"
        made.symlink_to(inside)
        made.replace(link)


def _ours(path: Path) -> bool:
    facts = path.lstat()
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o022 and not path.is_symlink()


def _roomy(memory: Path) -> bool:
    if not memory.is_dir() or shutil.disk_usage(memory).free < _ROOM:
        return False
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return any(line.startswith("MemAvailable:") and int(line.split()[1]) * 1024 >= _ROOM for line in lines)


def _sweep(memory: Path) -> None:
    """Remove what checkouts that are gone have left."""
    for left in memory.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            gone = not Path((left / "checkout").read_text(encoding="utf-8")).exists()
            if gone and _ours(left) and not any(postgres.Server(one).status().running for one in _servers(left)):
                shutil.rmtree(left)
