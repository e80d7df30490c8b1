"""The yardstick of imports: a bare COPY of the same file."""

from pathlib import Path
from statistics import median

from psycopg import sql

from tillit.journeys.bench.machine import Cost
from tillit.platform import database

_COPIES = 3


def bare_copy(path: Path, *, separator: str = ",") -> float:
    """Seconds of a bare COPY of the file into a logged table of text columns without any index: the median of three."""
    with path.open("rb") as file:
        columns = file.readline().decode().strip().split(separator)
    table = sql.Identifier("bench_copy")
    taken = []
    with database.connect("owner", autocommit=True) as owner:
        for _ in range(_COPIES):
            owner.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
            owner.execute(
                sql.SQL("CREATE TABLE {} ({})").format(
                    table, sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
                )
            )
            before = Cost.now()
            with owner.cursor() as cursor, path.open("rb") as file:
                statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER, DELIMITER {})").format(
                    table, sql.Literal(separator)
                )
                with cursor.copy(statement) as copy:
                    while data := file.read(1 << 20):
                        copy.write(data)
            taken.append((Cost.now() - before).wall)
        owner.execute(sql.SQL("DROP TABLE {}").format(table))
    return median(taken)
