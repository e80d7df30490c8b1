"""The columns of a purchase file. docs/formats.md and the JSON Schemas say the same, held by a test."""

from dataclasses import dataclass

from tillit.files.dialect import SHOWABLE, Layout
from tillit.files.errors import FileRefusedError


@dataclass(frozen=True)
class Column:
    """A column: whether each row must fill it, and how long its text may be (characters)."""

    name: str
    required: bool
    longest: int


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("id", required=True, longest=100),
        Column("time", required=True, longest=40),
        Column("chain", required=True, longest=60),
        Column("store", required=True, longest=40),
        Column("amount", required=True, longest=20),
        Column("currency", required=False, longest=3),
        Column("card", required=False, longest=40),
        Column("account", required=False, longest=40),
        Column("par", required=False, longest=29),
        Column("mobile", required=False, longest=40),
        Column("email", required=False, longest=254),
        Column("payment", required=False, longest=10),
        Column("product_group", required=False, longest=60),
        Column("product", required=False, longest=120),
        Column("receipt", required=False, longest=60),
        Column("refund_of", required=False, longest=100),
        Column("event", required=False, longest=20),
        Column("authorisation", required=False, longest=100),
    )
}
REQUIRED = frozenset(column.name for column in COLUMNS.values() if column.required)
# What tells whose purchase it is: a card, an account, a PAR, or a web shop's mobile and e-mail together (C5).
MEANS = (frozenset({"card"}), frozenset({"account"}), frozenset({"par"}), frozenset({"mobile", "email"}))


def check_columns(names: list[str], where: str) -> None:
    """Refuse columns that are unknown, doubled or missing. Names are shown only where they cannot be data."""
    unknown = [n for n, name in enumerate(names, 1) if name not in COLUMNS]
    if len(unknown) == len(names):
        raise FileRefusedError("columns-missing", f"{where}: this is no header of a purchase file")
    if unknown:
        shown = [f"{n} ({names[n - 1]})" if SHOWABLE.match(names[n - 1]) else str(n) for n in unknown[:10]]
        raise FileRefusedError("columns-unknown", f"{where}: unknown columns: {', '.join(shown)}")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FileRefusedError("columns-doubled", f"{where}: columns stand twice: {', '.join(doubled)}")
    missing = sorted(REQUIRED - set(names))
    if missing:
        raise FileRefusedError("columns-missing", f"{where}: columns are missing: {', '.join(missing)}")
    if not any(means <= set(names) for means in MEANS):
        raise FileRefusedError(
            "columns-missing", f"{where}: a purchase needs a column card, or account, or par, or mobile and email"
        )


LAYOUT = Layout(frozenset(COLUMNS), check_columns)
