"""Archives are closed to everyone but their readers; what is on hold is still there (D10, D11, B7)."""

from collections.abc import Iterator

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.enforce import ARCHIVED, cells
from tillit.declaration.schema import Archive, Declaration, Hold
from tillit.declaration.vocabulary import category_id
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, declared, judged, texts
from tillit.privacy.prove.retention import measure


def _promised(declaration: Declaration) -> Iterator[Said]:
    for archive in declaration.archives:
        yield Said(f"archives.{archive.key}", _text(declaration, archive), archive)


def _text(declaration: Declaration, archive: Archive) -> dict[str, str]:
    return texts(
        declaration,
        "archive",
        purpose=declared(archive.purpose),
        readers=lambda words: words.listing(words.words("activities", archive.readers)),
    )


def _check(context: Context, said: Said) -> Finding:
    """Which activities really see archived rows of the archive's categories."""
    archive: Archive = said.item
    held = sum(
        h.rows
        for h in context.shared.held
        if h.controller_id == context.id and h.category in archive.categories and h.state in (2, 3)
    )
    may = {activity for (activity, category), r in cells(context.declaration).items() if r & ARCHIVED}
    may |= {*archive.readers}
    faults, asked, seen = [], 0, 0
    for activity in context.declaration.activities if held else ():  # nothing archived: nothing to be read
        with context.scope(activity.key):
            found = _archived(archive)
        if activity.key in may:
            seen += found
        else:
            asked += 1
            if found:
                faults.append(f"{activity.key} reads {found} archived rows")
    return judged(faults, archived_rows=held, closed_to_activities=asked, seen_by_readers=seen)


def _archived(archive: Archive) -> int:
    """At most 50 archived rows a table, as the open scope sees them."""
    total = 0
    for category in archive.categories:
        for table in registry.holding(category):
            match = f"AND {table.category_column} = %(category)s" if table.category_column else ""
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT count(*) FROM (SELECT FROM {table.table} WHERE state IN (2, 3) {match} LIMIT 50) x",
                    {"category": category_id(category)},
                )
                total += cursor.fetchone()[0]
    return total


def _holds(declaration: Declaration) -> Iterator[Said]:
    for hold in declaration.holds:
        yield Said(f"holds.{hold.key}", texts(declaration, "hold", ground=declared(hold.ground)), hold)


def _held(context: Context, said: Said) -> Finding:
    """Every hold on record that nobody lifted still stands, and the rows it keeps are counted."""
    hold: Hold = said.item
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE released IS NULL), count(*) FROM privacy_hold WHERE controller_id = %s",
            [context.id],
        )
        standing, ever = cursor.fetchone()
        cursor.execute(_LOST, {"controller": context.id})
        lost = cursor.fetchone()[0]
    kept = sum(
        measure(context, actor, plan).on_hold for actor, plan in context.plans if plan.category in hold.categories
    )
    faults = [f"{lost} holds that were placed are gone without having been lifted"] if lost > 0 else []
    return judged(faults, standing=standing, ever=ever, rows_kept_past_due=kept)


_LOST = """
SELECT (count(*) FILTER (WHERE type = 'hold.placed') - count(*) FILTER (WHERE type = 'hold.lifted'))
     - (SELECT count(*) FROM privacy_hold h WHERE h.controller_id = %(controller)s AND h.released IS NULL)
FROM audit_event WHERE controller_id = %(controller)s AND type IN ('hold.placed', 'hold.lifted')
"""

KIND = Kind("archive", _promised, _check)
HOLD = Kind("hold", _holds, _held)
