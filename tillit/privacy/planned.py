"""Statements that PostgreSQL plans once a connection, for questions that take longer to plan than to answer.

What the open scope may see is looked up each time it is asked, as always: only the way of looking is kept.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import md5
from typing import Any

from django.db import connection

from tillit.kernel.scope import require

_NAMED = re.compile(r"%\((\w+)\)s|%%")
_MOST = 300
"""Plans that a connection keeps; what comes after is planned each time."""


class Planned:
    """Asks in an open transaction; see `planned`."""

    def __init__(self, cursor: Any, known: set[str]) -> None:
        self._cursor, self._known = cursor, known

    def ask(self, text: str, params: Mapping[str, Any]) -> list[Any]:
        """The rows of a statement with named parameters, each of one type wherever it stands."""
        order: list[str] = []

        def numbered(found: re.Match[str]) -> str:
            if found[1] is None:
                return "%"
            if found[1] not in order:
                order.append(found[1])
            return f"${order.index(found[1]) + 1}"

        body = _NAMED.sub(numbered, text)
        name = f"tillit_planned_{md5(body.encode(), usedforsecurity=False).hexdigest()}"
        if name not in self._known:
            if len(self._known) >= _MOST:
                self._cursor.execute(text, params)
                return list(self._cursor.fetchall())
            self._cursor.execute(f"PREPARE {name} AS {body}")
            self._known.add(name)
        given = f" ({', '.join(['%s'] * len(order))})" if order else ""
        self._cursor.execute(f"EXECUTE {name}{given}", [params[key] for key in order])
        return list(self._cursor.fetchall())


@contextmanager
def planned() -> Iterator[Planned]:
    """Ask with plans that regard no parameter's value, kept by the connection. Raises `UnscopedAccessError` outside
    every scope: what is carried out by its name names no table that the guard could see.
    """
    require()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, set_config('plan_cache_mode', 'force_generic_plan', true) FROM pg_prepared_statements"
            " RIGHT JOIN (SELECT) one ON name LIKE 'tillit\\_planned\\_%'"
        )
        yield Planned(cursor, {name for name, _ in cursor.fetchall() if name})
        cursor.execute("SET LOCAL plan_cache_mode TO DEFAULT")
