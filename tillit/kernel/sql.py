"""Named SQL: every set statement lives in a file `sql/<name>.sql` beside the code that runs it.

A file holds statements introduced by `-- name: <name>` and a comment saying what set each one makes. Parameters are
psycopg named placeholders (`%(batch)s`). Nothing is ever formatted into the text.
"""

import re
from functools import cache
from pathlib import Path

from tillit.kernel.errors import TillitError

_NAME = re.compile(r"^-- name: *([a-z][a-z0-9_]*) *$", re.MULTILINE)


class NamedSqlError(TillitError):
    """A SQL file is malformed or lacks the statement asked for."""


@cache
def statements(folder: Path, file: str) -> dict[str, str]:
    """All statements of `folder/sql/file.sql` by name. Each must carry a comment that says what it makes."""
    text = (folder / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    if parts[0].replace("--", "").strip() and not all(
        line.startswith("--") or not line.strip() for line in parts[0].splitlines()
    ):
        raise NamedSqlError("sql-unnamed", f"{file}.sql has text before its first name")
    found: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise NamedSqlError("sql-duplicate", f"{file}.sql names {name} twice")
        if not body.lstrip().startswith("--"):
            raise NamedSqlError("sql-uncommented", f"{file}.sql: {name} lacks its comment")
        found[name] = body.strip()
    return found


@cache
def load(module_file: str, file: str, name: str) -> str:
    """The statement `name` in `sql/<file>.sql` beside `module_file` (pass `__file__`)."""
    try:
        return statements(Path(module_file).parent, file)[name]
    except KeyError:
        raise NamedSqlError("sql-missing", f"{file}.sql has no statement {name}") from None
