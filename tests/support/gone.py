"""A database that does not answer: nobody listens where it should be."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

ADDRESS = "postgresql://someone:hush@127.0.0.1:9/nothing"


@contextmanager
def database_gone() -> Iterator[None]:
    """Within it Django and the commands find nobody; afterwards the environment and connections are as before. Outside
    every transaction.
    """
    settings: dict[str, Any] = connections.settings["default"]
    before, environment = dict(settings), dict(os.environ)
    connections.close_all()
    settings.update(HOST="127.0.0.1", PORT="9")
    os.environ["DATABASE_URL"] = ADDRESS
    try:
        yield
    finally:
        connections.close_all()
        settings.clear()
        settings.update(before)
        os.environ.clear()
        os.environ.update(environment)
