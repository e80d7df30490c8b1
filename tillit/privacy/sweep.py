"""What people leave behind once their rows are gone, and the tables that hold no subjects.

A directory digest stays only while the person has a row of the category it identifies by; a data key only while a
sealed row needs it; a login only while there is anything to sign in to. A subject without any row is erased last.
"""

from collections.abc import Collection, Iterator
from datetime import date

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import category_id
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope, system

_CHUNK = 20_000


def _chunks(subjects: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(subjects)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def after_disposal(*, subjects: Collection[int], on: date) -> None:
    """Release digests, keys, logins and subjects that nothing needs any more, among the people just touched."""
    actor = system("retention", Controller.objects.values_list("id", flat=True))
    for chunk in _chunks(subjects):
        with Scope(actor, "retention"):
            _release_digests(chunk)
            gone = _without_rows(chunk, registry.PERSONAL)
            _drop_keys(chunk)
            _close_logins(chunk)
            if gone:
                forget(gone)


def forget(subjects: list[int]) -> None:
    """Erase what the registry owns for subjects without rows, and the subjects. Needs an open scope."""
    with connection.cursor() as cursor:
        for owned in registry.erasable():
            if owned.eraser:
                cursor.execute(f"SELECT {owned.eraser}(%s)", [subjects])
            else:
                cursor.execute(f"DELETE FROM {owned.table} WHERE {owned.where}", {"subjects": subjects})
        cursor.execute("UPDATE parties_subject SET alias_of_id = NULL WHERE alias_of_id = ANY (%s)", [subjects])
        cursor.execute("DELETE FROM parties_subject WHERE id = ANY (%s)", [subjects])


def _release_digests(subjects: list[int]) -> None:
    for kind, category in registry.DIGEST_KINDS.items():
        if lost := _without_rows(subjects, {t.table: t for t in registry.holding(category)}, category):
            with connection.cursor() as cursor:
                cursor.execute("SELECT directory_release_kind(%s::smallint, %s)", [kind, lost])


def _close_logins(subjects: list[int]) -> None:
    """Logins (and what hangs on them: sessions, codes) of people who have no relationship left to sign in to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT subject_id FROM parties_relationship WHERE subject_id = ANY (%s) AND ended IS NULL",
            [subjects],
        )
        open_ones = {row[0] for row in cursor.fetchall()}
        closed = [subject for subject in subjects if subject not in open_ones]
        for owned in registry.erasable():
            if owned.category == "login" and owned.eraser is None:
                cursor.execute(f"DELETE FROM {owned.table} WHERE {owned.where}", {"subjects": closed})


def _drop_keys(subjects: list[int]) -> None:
    sealing = {t.table: t for t in registry.PERSONAL.values() if t.sealed}
    if lost := _without_rows(subjects, sealing):
        with connection.cursor() as cursor:
            cursor.execute("SELECT keys_drop(%s)", [lost])


def _without_rows(
    subjects: list[int], tables: dict[str, registry.PersonalTable], category: str | None = None
) -> list[int]:
    """Those of `subjects` with no row in `tables` (of `category`, where a table carries several)."""
    left = list(subjects)
    with connection.cursor() as cursor:
        for table in tables.values():
            if not left:
                break
            match = f" AND {table.category_column} = %(category)s" if category and table.category_column else ""
            cursor.execute(
                f"SELECT DISTINCT subject_id FROM {table.table} WHERE subject_id = ANY (%(left)s){match}",
                {"left": left, "category": category_id(category) if category else 0},
            )
            found = {row[0] for row in cursor.fetchall()}
            left = [subject for subject in left if subject not in found]
    return left


def lapsed_elsewhere(*, on: date) -> dict[str, int]:
    """Empty the tables without subjects (sessions, staging, quarantine) of what is past its declared life."""
    counts = {}
    timed = [(t.model, t.kept, t.clock_column) for t in registry.TRANSIENT.values()]
    timed += [(o.model, o.kept, o.clock_column) for o in registry.OWNED.values() if o.kept and o.clock_column]
    for model, kept, column in timed:
        period, name = IsoPeriod.parse(kept), model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {name} WHERE {column} + %s::interval <= %s",
                [f"{period.months} months {period.days} days", on],
            )
            counts[name] = cursor.rowcount
    return counts
