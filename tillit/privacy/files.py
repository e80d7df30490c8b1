"""Folders of files that the registry names: emptied of what has lapsed, and of what names a person who is erased."""

from functools import partial

from django.db import connection, transaction

from tillit.declaration import registry
from tillit.kernel import clock
from tillit.platform import passing_files


def lapse() -> int:
    """Delete every file whose moment has come; how many."""
    return sum(passing_files.lapse(one.folder(), now=clock.now()) for one in registry.FOLDERS.values())


def forget(*, subject_id: int) -> None:
    """Delete the files that name the person, once the open transaction is through. It reads the rows: call it first."""
    for one in registry.FOLDERS.values():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT {one.column} FROM {one.table.table}"
                f" WHERE subject_id = %s AND {one.table.kind_column} = ANY (%s)",
                [subject_id, list(one.kinds)],
            )
            names = [row[0] for row in cursor.fetchall()]
        transaction.on_commit(partial(passing_files.forget, one.folder(), naming=names))
