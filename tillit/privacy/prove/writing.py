"""Whether the application could write what only functions may: each way is tried, and must be refused."""

from collections.abc import Iterable, Iterator

from django.db import connection, transaction
from django.db.utils import DatabaseError

DELETE = "DELETE FROM {0} WHERE false"
INSERT = "INSERT INTO {0} SELECT * FROM {0} WHERE false"
UPDATE = "UPDATE {0} SET id = id WHERE false"
_DENIED = "42501"


def writable(tables: Iterable[str], *, by: Iterable[str] = (DELETE, INSERT)) -> Iterator[str]:
    """A fault for each table and statement (with the table as `{0}`, touching no row) that is not refused."""
    for table in tables:
        for statement in (text.format(table) for text in by):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement)
            except DatabaseError as error:
                if getattr(error.__cause__, "sqlstate", "") == _DENIED:
                    continue
                raise
            yield f"{table}: the application may {statement.split(' ', 1)[0].lower()}"
