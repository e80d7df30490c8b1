"""All checks in their order. A check that fails itself is a finding, not the end."""

from collections.abc import Iterator

import psycopg
from django.db import DatabaseError as DjangoDatabaseError

from tillit.faces.doctor import machine, reached, running, store
from tillit.faces.doctor.findings import Check, Finding, wrong
from tillit.platform.errors import PlatformError

BEFORE: tuple[Check, ...] = (machine.folders, machine.secrets_kept, machine.time_zone, machine.assets, machine.programs)
AFTER: tuple[Check, ...] = (reached.site, reached.mail, reached.services)
WITH_DATABASE: tuple[Check, ...] = (
    store.versions,
    store.tables,
    store.roles,
    store.secrets_fit,
    store.clocks,
    running.worker,
    running.failed,
    running.backups,
    running.declarations,
    running.proof,
)


def examine() -> Iterator[Finding]:
    """Every finding; what needs the database is left out where it does not answer."""
    for check in BEFORE:
        yield from _found(check)
    answers = list(_found(store.answers))
    yield from answers
    if all(one.state != "wrong" for one in answers):
        for check in WITH_DATABASE:
            yield from _found(check)
    for check in AFTER:
        yield from _found(check)


def _found(check: Check) -> Iterator[Finding]:
    name = check.__name__.replace("_", "-")
    try:
        yield from check()
    except PlatformError as error:
        yield wrong(name, str(error))
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        yield wrong(name, f"{error.strerror or type(error).__name__}{place}")
    except (DjangoDatabaseError, psycopg.Error) as error:  # whose words may quote a row
        yield wrong(name, f"the database refused: {type(error.__cause__ or error).__name__}")
