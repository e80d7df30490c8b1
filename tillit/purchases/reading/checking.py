"""From text to purchases: every rule of a row, in vectors. One definition for files and API.

The first fault of a row, in the order of `_faults`, is the one that is told. Numbers of cards and accounts, mobile
numbers and addresses leave this module as digests only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.dialect import LONGEST_LINE
from tillit.parties.digests import Kind, digest_many
from tillit.purchases.reading import amounts, contacts, moments, numbers
from tillit.purchases.reading.columns import COLUMNS
from tillit.purchases.reading.numbers import Ints
from tillit.purchases.reading.references import References

CASH, CARD = "cash", "card"
PURCHASE, AUTHORISATION = "purchase", "authorisation"
_TEXTS = ("id", "chain", "store", "product_group", "product", "receipt", "refund_of", "authorisation")
_INVISIBLE = r"[\p{Cc}\p{Cf}\p{Co}\p{Cn}--[\x{200c}\x{200d}]]"
# What a spreadsheet may take for a formula: also behind full-width signs. A plain signed number is none.
_FORMULA = r"^[=@+\-\x{ff1d}\x{ff20}\x{ff0b}\x{ff0d}]"
_SIGNED = r"^[+-][0-9][0-9 .,]*%?$"
_PAR = r"^[0-9A-Z]{29}$"
_LINE_BREAKS = r"\s*[\n\t]\s*"


@dataclass(frozen=True)
class Purchases:
    """Checked rows, column by column (n rows). Bytes are (n, width) uint8; times are microseconds since 1970, UTC."""

    line: Ints
    id: pl.Series
    refund_of: pl.Series
    authorised: Ints  # the row is an authorisation: nothing was bought yet
    clears: pl.Series  # the id of the authorisation that the purchase clears
    kind: Ints
    instrument: Ints
    last_four: Ints
    chain_id: Ints
    store_id: Ints
    product_group_id: Ints  # 0 where there is none
    event_at: Ints
    amount: Ints
    currency: pl.Series
    receipt: pl.Series
    product: pl.Series

    def __len__(self) -> int:
        return len(self.line)

    def where(self, chosen: Ints) -> "Purchases":
        """The rows chosen by a mask."""
        mask = pl.Series(chosen)
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        kept: dict[str, Any] = {
            name: value.filter(mask) if isinstance(value, pl.Series) else value[chosen] for name, value in values
        }
        return Purchases(**kept)


@dataclass(frozen=True)
class Checked:
    """What became of a chunk: purchases, rejects (with their values, to be sealed), and rows paid in cash."""

    purchases: Purchases
    rejects: list[Reject]
    cash: int


def check(chunk: Chunk, references: References) -> Checked:
    """Check every row of the chunk."""
    rows = _prepared(chunk)
    times, naive, unreadable = moments.read(rows["time"])
    rows = rows.join(references.stores, on=["chain", "store"], how="left", maintain_order="left")
    minor, no_amount, decimals, negative_zero = amounts.read(rows["amount"], rows["exponent"])
    rows = rows.with_columns(
        event_at=times,
        naive=naive,
        no_time=unreadable,
        minor=minor,
        no_amount=no_amount,
        decimals=decimals,
        negative_zero=negative_zero,
    )
    rows = _with_groups(rows, references)
    rows = _with_numbers(rows)
    pairs, rows = _with_pairs(rows, references.register_id)
    rows = _with_pars(rows)
    faults = list(_faults(rows, chunk, references))
    found = rows.select(fault.alias(str(n)) for n, (_, _, fault) in enumerate(faults))
    bad = found.select(pl.any_horizontal(pl.all().fill_null(value=False)).alias("bad"))["bad"]
    rejects: list[Reject] = []
    if bad.any():
        rejects = _rejects(rows.filter(bad), found.filter(bad), faults)
        rows = rows.filter(~bad)
    paid_cash = rows["payment"] == CASH
    cash = int(paid_cash.sum() or 0)
    if cash:
        rows = rows.filter(~paid_cash.fill_null(value=False))
    return Checked(_purchases(rows, pairs, references), rejects, cash)


def _prepared(chunk: Chunk) -> pl.DataFrame:
    """Every column present, without surrounding blanks; breaks inside product names become one space."""
    rows = chunk.frame
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in COLUMNS if name not in rows.columns]
    rows = rows.with_columns(absent)
    if not chunk.trimmed:
        trimmed = [pl.col(name).str.strip_chars() for name in COLUMNS]
        rows = rows.with_columns(trimmed).with_columns(
            pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in COLUMNS
        )
    if not chunk.plain:
        rows = rows.with_columns(pl.col("product").str.replace_all(_LINE_BREAKS, " "))
    return rows


def _with_groups(rows: pl.DataFrame, references: References) -> pl.DataFrame:
    if rows["product_group"].null_count() == len(rows):
        return rows.with_columns(pl.lit(None, dtype=pl.Int32).alias("group_id"))
    return rows.join(references.groups, on=["chain_id", "product_group"], how="left", maintain_order="left")


def _with_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    columns: list[pl.Expr | pl.Series] = []
    for name in ("card", "account"):
        if rows[name].null_count() == len(rows):
            columns.append(pl.lit(None, dtype=pl.UInt64).alias(f"{name}_value"))
            columns += [pl.lit(value=False).alias(f"{name}_{fault}") for fault in ("form", "length", "checksum")]
            continue
        read = numbers.read(rows[name], accounts_only=name == "account")
        columns += [
            read.value.alias(f"{name}_value"),
            read.unreadable.alias(f"{name}_form"),
            read.wrong_length.alias(f"{name}_length"),
            read.wrong_checksum.alias(f"{name}_checksum"),
        ]
    return rows.with_columns(columns)


def _with_pairs(rows: pl.DataFrame, register_id: int) -> tuple[list[bytes], pl.DataFrame]:
    """(digests of distinct pairs, rows with `pair` = index of theirs, `no_mobile`, `no_email`)."""
    both = rows["mobile"].is_not_null() & rows["email"].is_not_null()
    if not both.any():
        return [], rows.with_columns(
            pl.lit(None, dtype=pl.UInt32).alias("pair"),
            pl.lit(value=False).alias("no_mobile"),
            pl.lit(value=False).alias("no_email"),
        )
    distinct = rows.filter(both).select("mobile", "email").unique()
    read = [contacts.read(register_id, mobile, address) for mobile, address in distinct.iter_rows()]
    found = [digest for digest, _ in read if digest is not None]
    places = iter(range(len(found)))
    table = distinct.with_columns(
        pl.Series("pair", [next(places) if digest is not None else None for digest, _ in read], dtype=pl.UInt32),
        pl.Series("no_mobile", [field == "mobile" for _, field in read], dtype=pl.Boolean),
        pl.Series("no_email", [field == "email" for _, field in read], dtype=pl.Boolean),
    )
    return found, rows.join(table, on=["mobile", "email"], how="left", maintain_order="left")


def _with_pars(rows: pl.DataFrame) -> pl.DataFrame:
    """Payment account references in capitals, and `no_par`: what is none. One beside a number is not needed."""
    if rows["par"].null_count() == len(rows):
        return rows.with_columns(pl.lit(value=False).alias("no_par"))
    upper = pl.col("par").str.to_uppercase()
    return rows.with_columns(upper.alias("par"), (~upper.str.contains(_PAR)).fill_null(value=False).alias("no_par"))


def _faults(rows: pl.DataFrame, chunk: Chunk, references: References) -> Iterator[tuple[str, str, pl.Expr]]:
    """(field, reason code, expression that is true for faulty rows), in the order they are told."""
    col = pl.col
    filled = {name for name in COLUMNS if rows[name].null_count() < len(rows)}
    for name, column in COLUMNS.items():
        if column.required:
            yield name, "missing", col(name).is_null()
        if name in filled:
            yield name, "too-long", col(name).str.len_chars() > column.longest
    for name in _TEXTS:
        if name not in filled:
            continue
        if not chunk.plain:
            yield name, "control-character", col(name).str.contains(_INVISIBLE)
        yield name, "formula", col(name).str.contains(_FORMULA) & ~col(name).str.contains(_SIGNED)
    yield "time", "time-naive", col("naive")
    yield "time", "time-unreadable", col("no_time")
    yield "time", "time-too-old", col("event_at") < _micros(references.accept_from)
    yield "time", "time-future", col("event_at") > _micros(references.accept_until)
    known = references.stores["chain"].unique().to_list()
    yield "chain", "unknown-chain", col("store_id").is_null() & ~col("chain").is_in(known)
    yield "store", "unknown-store", col("store_id").is_null()
    yield "currency", "currency-mismatch", col("currency") != col("chain_currency")
    yield "amount", "amount-unreadable", col("no_amount")
    yield "amount", "amount-decimals", col("decimals")
    yield "amount", "amount-negative-zero", col("negative_zero")
    yield "product_group", "unknown-product-group", col("product_group").is_not_null() & col("group_id").is_null()
    yield "payment", "unknown-payment", ~col("payment").is_in([CASH, CARD])
    yield from _means_faults()
    yield "refund_of", "refund-sign", col("refund_of").is_not_null() & (col("minor") >= 0)
    yield "refund_of", "refund-self", col("refund_of") == col("id")
    if "event" in filled:
        yield "event", "unknown-event", ~col("event").is_in([PURCHASE, AUTHORISATION])
        yield "event", "authorisation-sign", (col("event") == AUTHORISATION) & (col("minor") <= 0)
    if "authorisation" in filled:
        yield "authorisation", "authorisation-sign", col("authorisation").is_not_null() & (col("minor") <= 0)
        yield (
            "authorisation",
            "authorisation-self",
            col("authorisation").is_not_null() & (col("event") == AUTHORISATION),
        )


def _means_faults() -> Iterator[tuple[str, str, pl.Expr]]:
    col = pl.col
    contact = col("mobile").is_not_null() | col("email").is_not_null()
    count = col("card").is_not_null().cast(pl.Int8) + col("account").is_not_null().cast(pl.Int8) + contact.cast(pl.Int8)
    in_cash = (col("payment") == CASH).fill_null(value=False)
    yield "card", "means-missing", (count == 0) & col("par").is_null() & ~in_cash
    yield "card", "means-several", count > 1
    yield "mobile", "means-missing", col("mobile").is_null() & col("email").is_not_null()
    yield "email", "means-missing", col("email").is_null() & col("mobile").is_not_null()
    yield "card", "card-unreadable", col("card_form")
    yield "card", "card-length", col("card_length")
    yield "card", "card-checksum", col("card_checksum")
    yield "account", "account-unreadable", col("account_form")
    yield "account", "account-length", col("account_length")
    yield "account", "account-checksum", col("account_checksum")
    yield "par", "par-form", col("no_par")
    yield "mobile", "mobile-unreadable", col("no_mobile")
    yield "email", "email-unreadable", col("no_email")


def _rejects(rows: pl.DataFrame, found: pl.DataFrame, faults: list[tuple[str, str, pl.Expr]]) -> list[Reject]:
    first = found.fill_null(value=False).to_numpy().argmax(axis=1)
    values = rows.select(list(COLUMNS)).iter_rows(named=True)
    rejects = []
    for line, fault, row in zip(rows[LINE].to_list(), first.tolist(), values, strict=True):
        kept = {name: text for name, text in row.items() if text is not None}
        if sum(map(len, kept.values())) > LONGEST_LINE:  # such a line always has a field that is too long
            rejects.append(Reject(line, "", "row-too-long"))
        else:
            rejects.append(Reject(line, faults[fault][0], faults[fault][1], kept))
    return rejects


def _purchases(rows: pl.DataFrame, pairs: list[bytes], references: References) -> Purchases:
    count, register_id = len(rows), references.register_id
    kind = np.full(count, int(Kind.PHONE_AND_EMAIL), dtype=np.int16)
    instrument = np.zeros((count, 16), dtype=np.uint8)
    last_four = np.zeros((count, 4), dtype=np.uint8)
    number = rows.select(pl.coalesce("card_value", "account_value"))["card_value"]
    numbered = number.is_not_null().to_numpy()
    if numbered.any():
        made = numbers.digests(register_id, number.drop_nulls().to_numpy())
        if references.carried:
            numbers.carried(number.drop_nulls().to_numpy(), made[0], made[1], references.carried, references.held)
        kind[numbered], instrument[numbered], last_four[numbered] = made
    paired = rows["pair"].is_not_null().to_numpy() & ~numbered
    if paired.any():
        table = np.frombuffer(b"".join(pairs), dtype=np.uint8).reshape(-1, 16)
        instrument[paired] = table[rows["pair"].filter(pl.Series(paired)).to_numpy()]
    referred = ~numbered & ~paired & rows["par"].is_not_null().to_numpy()
    if referred.any():
        texts = [text.encode() for text in rows["par"].filter(pl.Series(referred)).to_list()]
        kind[referred] = int(Kind.PAR)
        made_of = b"".join(digest_many(register_id, Kind.PAR, texts))
        instrument[referred] = np.frombuffer(made_of, dtype=np.uint8).reshape(-1, 16)
    return Purchases(
        line=rows[LINE].to_numpy(),
        id=rows["id"],
        refund_of=rows["refund_of"],
        authorised=(rows["event"] == AUTHORISATION).fill_null(value=False).to_numpy(),
        clears=rows["authorisation"],
        kind=kind,
        instrument=instrument,
        last_four=last_four,
        chain_id=rows["chain_id"].to_numpy(),
        store_id=rows["store_id"].to_numpy(),
        product_group_id=rows["group_id"].fill_null(0).to_numpy(),
        event_at=rows["event_at"].to_numpy(),
        amount=rows["minor"].to_numpy(),
        currency=rows["chain_currency"],
        receipt=rows["receipt"].fill_null(""),
        product=rows["product"].fill_null(""),
    )


def _micros(moment: object) -> pl.Expr:
    return pl.lit(moment).cast(pl.Datetime("us", "UTC")).to_physical()
