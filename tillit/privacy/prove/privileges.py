"""Nobody can step around the policies: roles, rights and functions are those that were compiled (A9, H18)."""

from collections.abc import Iterator

from tillit.declaration import enforce, registry
from tillit.platform import database
from tillit.privacy.prove import catalog
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.functions import faults as of_functions
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once
from tillit.privacy.prove.roles import administrators, ours
from tillit.privacy.prove.roles import faults as of_roles

EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE")
_SCHEMA_OWNERS = {"pg_database_owner", database.OWNER}


def faults() -> Iterator[str]:
    """Every right, role or function that is not as compiled."""
    yield from of_roles()
    yield from _tables()
    yield from _places()
    yield from of_functions()


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
    present = {tuple(row) for row in catalog.rows("privileges")}
    for grantee, table, right, column in sorted(present - expected, key=str):
        if table in known:
            yield f"{grantee} may {right} {table}" + (f".{column}" if column else "")
    for grantee, table, right, _ in sorted(expected - present, key=str):
        yield f"{grantee} may not {right} {table}"


def _places() -> Iterator[str]:
    """Rights on the database, its schema and sequences, on what is made from now on, and on PostgreSQL's own."""
    for name, owner in catalog.rows("owners"):
        yield f"{name} is owned by {owner}"
    ((database_owner, schema_owner),) = catalog.rows("place_owners")
    if database_owner != database.OWNER or schema_owner not in _SCHEMA_OWNERS:
        yield f"the database is owned by {database_owner}, its schema by {schema_owner}"
    trusted = administrators()
    for kind, name, grantee, right in sorted(catalog.rows("places"), key=str):
        if grantee not in trusted and (kind, grantee, right) not in _ON_PLACES and (name, grantee, right) not in _NEW:
            yield f"{grantee} may {right} {kind} {name}".strip()
    for name, grantee, right in sorted(catalog.rows("given_away"), key=str):
        if grantee not in trusted:
            yield f"{grantee} may {right} {name}"


_ON_PLACES = {
    ("the database", enforce.APP, "CONNECT"),
    ("the database", enforce.APP, "TEMPORARY"),
    ("the database", enforce.BACKUP, "CONNECT"),
    *(("the schema", role, "USAGE") for role in ("PUBLIC", enforce.APP, enforce.BACKUP, *database.KEEPERS)),
    *(("the sequence", enforce.APP, right) for right in ("USAGE", "SELECT")),
    ("the sequence", enforce.BACKUP, "SELECT"),
}
_NEW = {
    *(("r", enforce.APP, right) for right in EVERY),
    *(("S", enforce.APP, right) for right in ("USAGE", "SELECT")),
    *((made, enforce.BACKUP, "SELECT") for made in ("r", "S")),
}
"""What set-up lets tables (r) and sequences (S) that are made from now on be opened to."""


def _check(context: Context, said: Said) -> Finding:
    shared = context.shared.faults
    if "privileges" not in shared:
        with context.scope():
            shared["privileges"] = (list(faults()), {"rights": len(_expected()), "roles": len(ours())})
    found, evidence = shared["privileges"]
    return judged(found, **evidence)


KIND = Kind("privileges", once("privileges", "security"), _check)
