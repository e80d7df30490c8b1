"""The columns of a purchase file. docs/formats.md and the JSON Schemas say the same, held by a test."""

from dataclasses import dataclass


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
# What tells whose purchase it is: a card, an account, or a web shop's mobile and e-mail together (C5).
MEANS = (frozenset({"card"}), frozenset({"account"}), frozenset({"mobile", "email"}))
