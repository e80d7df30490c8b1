"""How far a reader has come in rows that others go on writing, so that none is skipped, however late it is committed.

Moments do not tell: a row may say a moment long before it is committed, and be passed over by who has read up to a
later one. Transactions do: a position is the id of the oldest one that was still running when it was taken. All before
it had ended, so what they wrote is seen by whoever reads after that; what any other writes comes at it or later. A row
that is changed comes again, so a reader must know what it has had.
"""

from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

_OLDEST = 2**30
"""Ids that are further apart cannot be compared with a row's, which goes round at 2**32."""


def advance(held: int | None) -> tuple[int, int | None]:
    """(the position of who reads from now on all that `written_since` gives; `held`, where it says something here).

    It says nothing on a server where such a transaction has never been (a dump was restored), nor when it is too old.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint"
            " FROM pg_current_snapshot() now"
        )
        oldest, following = cursor.fetchone()
    known = held is not None and held <= following and following - held < _OLDEST
    return int(oldest), held if known else None


def written_since(table: str, position: int | None) -> RawSQL:
    """The condition of the table's rows that were written at the position or later; without one, of all."""
    if position is None:
        return RawSQL("true", (), BooleanField())
    written = f'age("{table}".xmin) <= age(%s::xid8::xid)'
    return RawSQL(written, (str(position),), BooleanField())  # noqa: S611 (the table's own name, the rest a parameter)
