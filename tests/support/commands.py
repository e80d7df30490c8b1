"""`tillit` commands as processes of their own, which share what all of them import.

A command that starts from nothing spends a second and a half on imports. These are forked by Python's own fork server
from a process that has imported them once: another process, environment, settings and connections, the same exit codes.
What is about the interpreter itself, a terminal or a signal starts `python -m tillit.faces.cli` as users do.
"""

import multiprocessing
import subprocess
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tillit.platform import paths


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.command_process"])
    return context


def tillit(*arguments: str, environment: Mapping[str, str], timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `environment` as `TestDatabase.environment`. Raises `TimeoutError` after so many
    seconds.
    """
    from tests.support.command_process import run

    with tempfile.TemporaryDirectory(prefix="c", dir=paths.ensure_var()) as name:
        folder = Path(name)
        process = _context().Process(target=run, args=(list(arguments), dict(environment), folder))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"tillit {arguments[0]} took more than {timeout:.0f} seconds")
        said = [(folder / part).read_text(encoding="utf-8") for part in ("out", "err")]
        return subprocess.CompletedProcess(["tillit", *arguments], process.exitcode, *said)
