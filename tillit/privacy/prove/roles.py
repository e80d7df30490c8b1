"""Every role of the server: what it is, what it belongs to, and what its sessions begin with (A9, H18).

A role belongs to the whole server, so one that nobody here made is looked at, too: whoever could read past the policies
is named, unless he is an administrator. Those are the role that made the server, the login of `DATABASE_URL`, and whom
the operator names in `TILLIT_DATABASE_ADMINISTRATORS`.
"""

import os
from collections.abc import Iterator

from tillit.declaration import enforce, registry
from tillit.platform import database
from tillit.privacy.prove import catalog

LOGINS = frozenset({enforce.APP, enforce.BACKUP, database.OWNER})
OPENED = "tillit.opened=yes"
"""The mark of a database that is no restored dump."""
_TUNING = ("Query Tuning", "Resource Usage", "Autovacuum", "Vacuuming")


def ours() -> frozenset[str]:
    """The logins, and the roles that cannot log in and own the functions that write."""
    writers = {t.writer for t in registry.PERSONAL.values()} | {t.writer for t in registry.OWNED.values()}
    writers |= {*registry.WRITERS.values()} | {entry.role for entry in registry.DEFINERS}
    return LOGINS | {role for role in writers if role}


def administrators() -> frozenset[str]:
    """Who administers the server, and may therefore do anything."""
    named = {name.strip() for name in os.environ.get("TILLIT_DATABASE_ADMINISTRATORS", "").split(",")}
    login = database.place().admin.get("user", "")
    made_it = {str(name) for name, first, *_ in catalog.rows("roles") if first}
    return frozenset((named | {login} | made_it) - ours() - {""})


def faults() -> Iterator[str]:
    """Every role, membership and setting of a role through which the rules could be stepped around."""
    trusted = administrators()
    for name, _, superuser, bypasses, logs_in, makes_roles, makes_databases, replicates in catalog.rows("roles"):
        if name in trusted:
            continue
        if superuser or bypasses:
            yield f"the role {name} can bypass row security"
        if replicates:
            yield f"the role {name} can copy the whole server"
        if name in ours() and (makes_roles or makes_databases):
            yield f"the role {name} can make roles or databases"
        if name in ours() and logs_in and name not in LOGINS:
            yield f"the role {name} can log in"
        if str(name).startswith("tillit_") and name not in ours():
            yield f"the role {name} is not known"
    yield from _memberships(trusted)
    yield from _settings(trusted)


def _memberships(trusted: frozenset[str]) -> Iterator[str]:
    """Membership in a role of ours, of PostgreSQL's own or of an administrator; the owner's in the keepers is made."""
    made = {(keeper, database.OWNER) for keeper in database.KEEPERS}
    for role, member in sorted(catalog.rows("memberships"), key=str):
        powerful = role in ours() | trusted or str(role).startswith("pg_") or member in ours()
        if powerful and member not in trusted and (role, member) not in made:
            yield f"the role {member} has the rights of {role}"


def _settings(trusted: frozenset[str]) -> Iterator[str]:
    """What sessions begin with, sizes and the planner's choices aside: they decide no rule."""
    for role, setting, category, said in sorted(catalog.rows("role_settings"), key=str):
        meant = role in {"", *ours()} and role not in trusted
        if meant and said != OPENED and not str(category).startswith(_TUNING):
            whose = f"of the role {role}" if role else "of the database"
            yield f"sessions {whose} begin with another {setting}"
