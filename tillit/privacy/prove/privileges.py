"""Nobody can step around the policies: roles, table rights and functions are those that were compiled (A9, H18)."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from tillit.declaration import enforce, registry
from tillit.kernel.sql import load, statements
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once

EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE")
_BODY = re.compile(r"\$\$(.*)\$\$", re.DOTALL)


def faults() -> Iterator[str]:
    """Every right, role or function that is not as compiled."""
    yield from _roles()
    yield from _tables()
    yield from _functions()


def _rows(name: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalog", name))
        return list(cursor.fetchall())


def _keepers() -> set[str]:
    writers = {t.writer for t in registry.PERSONAL.values()} | {t.writer for t in registry.OWNED.values()}
    writers |= {*registry.WRITERS.values()} | {entry.role for entry in registry.DEFINERS}
    return {role for role in writers if role}


def _roles() -> Iterator[str]:
    logins = {enforce.APP, enforce.BACKUP, "tillit_owner"}
    for name, superuser, bypasses, logs_in, makes_roles, replicates in _rows("roles"):
        if name not in logins | _keepers():
            yield f"the role {name} is not known"
        if superuser or bypasses:
            yield f"the role {name} can bypass row security"
        if makes_roles or replicates:
            yield f"the role {name} can make roles or replicate"
        if logs_in and name not in logins:
            yield f"the role {name} can log in"
    for (name,) in _rows("memberships"):
        if name not in {"pg_database_owner"}:
            yield f"the application has the rights of {name}"


def _expected() -> set[tuple[str, str, str, str | None]]:
    """(grantee, table, privilege, column or None) of every table right there should be."""
    found: set[tuple[str, str, str, str | None]] = set()

    def add(role: str, table: str, *rights: str) -> None:
        found.update((role, table, right, None) for right in rights)

    for table in registry.PERSONAL.values():
        add(enforce.BACKUP, table.table, "SELECT")
        add(enforce.PROOF, table.table, "SELECT")
        if table.writer:
            add(enforce.APP, table.table, "SELECT")
            add(table.writer, table.table, *EVERY)
            found.add((enforce.APP, table.table, "UPDATE", "state"))
        else:
            add(enforce.APP, table.table, *EVERY)
    for owned in registry.OWNED.values():
        add(owned.writer or enforce.APP, owned.table, *EVERY)
        add(enforce.BACKUP, owned.table, *(["SELECT"] if owned.backed_up else []))
    for name in {*registry.NOT_PERSONAL, *registry.TRANSIENT}:
        add(enforce.APP, name, "SELECT")
        add(enforce.BACKUP, name, *([] if name in registry.NOT_BACKED_UP else ["SELECT"]))
        add(registry.WRITERS.get(name, enforce.APP), name, *EVERY)
    found -= {(enforce.APP, name, right, None) for name in registry.ONLY_ADDED for right in ("UPDATE", "DELETE")}
    for entry in registry.DEFINERS:
        for name in entry.reads:
            add(entry.role, name, "SELECT")
    return found


def _tables() -> Iterator[str]:
    """Rights nobody compiled, and rights that are missing."""
    expected = _expected()
    known = {table for _, table, _, _ in expected}
    present = {tuple(row) for row in _rows("privileges")}
    for grantee, table, right, column in sorted(present - expected, key=str):
        if table in known:
            yield f"{grantee} may {right} {table}" + (f".{column}" if column else "")
    for grantee, table, right, _ in sorted(expected - present, key=str):
        yield f"{grantee} may not {right} {table}"


def _functions() -> Iterator[str]:
    present = {row[0]: row[1:] for row in _rows("functions")}
    expected = {name: (entry.role, text) for entry in registry.DEFINERS for name, text in _texts(entry).items()}
    expected |= {
        f"tillit_{name}": ("tillit_owner", load(enforce.__file__, "functions", name)) for name in enforce.FUNCTIONS
    }
    for name, (owner, text) in sorted(expected.items()):
        if name not in present:
            yield f"the function {name} is missing"
            continue
        has_owner, definer, settings, body, callers = present[name]
        if has_owner != owner:
            yield f"the function {name} is owned by {has_owner}"
        matched = _BODY.search(text)
        if matched is None or str(body) != matched.group(1):
            yield f"the function {name} is another one"
        if bool(definer) != ("SECURITY DEFINER" in text):
            yield f"the function {name} runs as somebody else"
        if definer and "search_path=" not in str(settings):
            yield f"the function {name} has no fixed search path"
        if owner != "tillit_owner" and callers != [enforce.APP]:
            yield f"the function {name} may be called by others than the application"
    for other, (_, definer, *_rest) in sorted(present.items(), key=str):
        if definer and other not in expected:
            yield f"the function {other} runs as its owner and is not registered"


def _texts(entry: registry.Definer) -> dict[str, str]:
    return statements(Path(entry.module_file).parent, entry.file)


def _check(context: Context, said: Said) -> Finding:
    shared = context.shared.faults
    if "privileges" not in shared:
        with context.scope():
            shared["privileges"] = (list(faults()), {"rights": len(_expected()), "roles": len(_keepers()) + 3})
    found, evidence = shared["privileges"]
    return judged(found, **evidence)


KIND = Kind("privileges", once("privileges", "security"), _check)
