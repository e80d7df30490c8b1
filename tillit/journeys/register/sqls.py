"""The set statements of taking a file in."""

from tillit.kernel.sql import load


def sql(file: str, name: str) -> str:
    """One of `sql/<file>.sql`."""
    return load(__file__, file, name)
