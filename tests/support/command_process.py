"""One `tillit` command in a process that was forked with everything imported: see `tests.support.commands`.

Importing this module sets Django up, and opens nothing.
"""

import importlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.db import connections
from django.utils.functional import empty

from tillit.faces.cli import COMMANDS
from tillit.faces.cli.main import MODULES, main

django.setup()
importlib.import_module("tillit.faces.urls")
for _name in COMMANDS:
    importlib.import_module(f"tillit.faces.cli.{MODULES.get(_name, _name.replace('-', '_'))}")


def run(arguments: list[str], environment: dict[str, str], folder: Path) -> None:
    """What a new process would do: its own environment and settings, its output in the folder's `out` and `err`."""
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=False)  # type: ignore[union-attr]
    for name in ("tests.settings", "tillit.settings"):
        sys.modules.pop(name, None)
    settings.__dict__.clear()
    settings.__dict__["_wrapped"] = empty
    for connection in connections.all(initialized_only=True):
        del connections[connection.alias]
    connections._settings = None
    vars(connections).pop("settings", None)
    main(arguments)
