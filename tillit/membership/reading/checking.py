"""From text to members: every rule of a row, in vectors.

The first fault of a row, in the order of `_faults`, is the one that is told. A national number leaves this module as a
digest, and in clear only beside it in memory, for sealing: it is never staged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.kernel.identifiers import national_numbers, organisation_number
from tillit.membership.reading import dates
from tillit.membership.reading.columns import COLUMNS, GENDERS, REASONS_ENDED
from tillit.membership.reading.references import References
from tillit.parties.digests import Kind, digest_texts

STAGED = (
    "line", "listed", "member", "national", "number", "given", "family", "street", "postal_code", "city", "born",
    "gender", "type_id", "section_id", "workplace_id", "payer_id", "agreements", "joined", "ended", "end_reason",
    "moved_from", "moved_to",
)  # fmt: skip
"""The columns of a staged row; `member` and `national` are digests."""
_TEXTS = ("given", "family", "street", "city", "type", "section", "workplace", "moved_from", "moved_to")
_INVISIBLE = r"[\p{Cc}\p{Cf}\p{Co}\p{Cn}--[\x{200c}\x{200d}]]"
_FORMULA = r"^[=@+\-\x{ff1d}\x{ff20}\x{ff0b}\x{ff0d}]"
_DATES = ("joined", "birth_date", "ended")
_POSTAL = r"^([0-9]{4}|[A-Za-z0-9 -]*[0-9][A-Za-z0-9 -]{4,})$"
_OLDEST = 130


@dataclass(frozen=True)
class Checked:
    """Rows to stage, with the clear national numbers in memory (line → number), and rejects with their values.

    `suspects`: digests of the member numbers that rejected rows hold, where one can be read: these people are in the
    file, whatever else is wrong with their row.
    """

    rows: pl.DataFrame
    numbers: pl.DataFrame
    rejects: list[Reject]
    suspects: NDArray[Any]


def check(chunk: Chunk, listed: pl.Series, known: References, style: str) -> Checked:
    """Check the chunk's rows, whose columns have our names. `listed`: digest of each as it was sent, in hexadecimal."""
    rows = _prepared(chunk).with_columns(listed.alias("listed"))
    rows = rows.with_columns(pl.col("member_number").str.replace_all(r"\s", "").str.to_uppercase().alias("number"))
    rows = _with_dates(rows, style)
    numbers = national_numbers.read(rows["national_number"], year=known.today.year)
    rows = rows.with_columns(
        national_text=numbers.text, national_fault=numbers.fault, told=numbers.born, told_gender=numbers.gender
    )
    rows = _with_words(rows, known)
    faults = list(_faults(rows, known))
    found = rows.select(fault.alias(str(n)) for n, (_, _, fault) in enumerate(faults))
    bad = found.select(pl.any_horizontal(pl.all().fill_null(value=False)).alias("bad"))["bad"]
    rejects: list[Reject] = []
    suspects = _digests(known.register_id, Kind.MEMBER_NUMBER, pl.Series([], dtype=pl.String))
    if bad.any():
        damaged = rows.filter(bad)
        rejects = _rejects(damaged, found.filter(bad), faults)
        readable = damaged["number"].filter(damaged["number"].str.contains(r"^[0-9A-ZÆØÅ-]+$").fill_null(value=False))
        suspects = _digests(known.register_id, Kind.MEMBER_NUMBER, readable)
        rows = rows.filter(~bad)
    numbers_in_clear = rows.select(pl.col(LINE), pl.col("national_text").alias("number")).drop_nulls()
    return Checked(_staged(rows, known), numbers_in_clear, rejects, suspects)


def _prepared(chunk: Chunk) -> pl.DataFrame:
    rows = chunk.frame
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in COLUMNS if name not in rows.columns)
    rows = rows.select(LINE, *COLUMNS)
    if not chunk.trimmed:
        rows = rows.with_columns(
            pl.col(name).str.replace_all(r"[\s\x{a0}]+", " ").str.strip_chars() for name in COLUMNS
        )
        rows = rows.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in COLUMNS)
    return rows


def _with_dates(rows: pl.DataFrame, style: str) -> pl.DataFrame:
    columns = []
    for name in _DATES:
        values, fault = dates.read(rows[name], style)
        columns += [values.alias(f"{name}_day"), fault.alias(f"{name}_fault")]
    return rows.with_columns(columns)


def _with_words(rows: pl.DataFrame, known: References) -> pl.DataFrame:
    """The union's words → ids; agreements as PostgreSQL writes an array; what is not known stays null."""
    numbers = rows["payer"].str.replace_all(" ", "")
    payers = {one: one for one in numbers.drop_nulls().unique() if organisation_number.is_valid(one)}
    agreements = {text: _agreements(text, known.agreements) for text in rows["agreements"].drop_nulls().unique()}
    lower = {name: rows[name].str.to_lowercase() for name in ("type", "section", "workplace", "gender", "end_reason")}
    return rows.with_columns(
        _ids(lower["type"], known.types).alias("type_id"),
        _ids(lower["section"], known.sections).alias("section_id"),
        _ids(lower["workplace"], known.workplaces).alias("workplace_id"),
        numbers.replace_strict(payers, default=None, return_dtype=pl.String).alias("payer_number"),
        lower["gender"].replace_strict(GENDERS, default=None, return_dtype=pl.String).alias("gender_word"),
        lower["end_reason"].replace_strict(REASONS_ENDED, default=None, return_dtype=pl.String).alias("ended_word"),
        rows["agreements"].replace_strict(agreements, default=None, return_dtype=pl.String).alias("agreement_ids"),
    )


def _ids(words: pl.Series, known: dict[str, int]) -> pl.Series:
    return words.replace_strict(known, default=None, return_dtype=pl.Int64)


def _agreements(text: str, known: dict[str, int]) -> str | None:
    """The ids as an array of PostgreSQL, in order; None where one is not known."""
    words = [word.strip().lower() for word in text.replace("|", ",").split(",") if word.strip()]
    ids = {known.get(word) for word in words}
    return None if None in ids else "{" + ",".join(str(one) for one in sorted(one for one in ids if one)) + "}"


def _faults(rows: pl.DataFrame, known: References) -> Iterator[tuple[str, str, pl.Expr]]:
    """(field, reason code, expression that is true for faulty rows), in the order they are told."""
    col = pl.col
    filled = {name for name in COLUMNS if rows[name].null_count() < len(rows)}
    for name, column in COLUMNS.items():
        if column.required:
            yield name, "missing", col(name).is_null()
        if name in filled:
            yield name, "too-long", col(name).str.len_chars() > column.longest
    for name in _TEXTS:
        if name in filled:
            yield name, "control-character", col(name).str.contains(_INVISIBLE)
            yield name, "formula", col(name).str.contains(_FORMULA)
    yield "member_number", "member-number-form", ~col("number").str.contains(r"^[0-9A-ZÆØÅ-]+$")
    for code in ("not-digits", "length", "checksum", "date"):
        yield "national_number", f"national-number-{code}", col("national_fault") == f"national-number-{code}"
    for name in ("given", "family"):
        yield name, "name-digits", col(name).str.contains(r"[0-9]")
    yield (
        "postal_code",
        "postal-code-form",
        ~col("postal_code").str.contains(r"^([0-9]{4}|[A-Za-z0-9 -]*[0-9][A-Za-z0-9 -]{4,})$"),
    )
    yield "city", "city-digits", col("city").str.contains(r"^[0-9 ]+$")
    for name in _DATES:
        for code in ("date-style", "date-unreadable"):
            yield name, code, col(f"{name}_fault") == code
    first = date(known.today.year - _OLDEST, 1, 1)
    for name in ("joined", "birth_date"):
        yield name, "date-impossible", (col(f"{name}_day") > known.today) | (col(f"{name}_day") < first)
    yield "birth_date", "birth-date-mismatch", col("birth_date_day") != col("told")
    yield "gender", "unknown-gender", col("gender").is_not_null() & col("gender_word").is_null()
    for name in ("type", "section", "workplace"):
        yield name, f"unknown-{name}", col(name).is_not_null() & col(f"{name}_id").is_null()
    yield "agreements", "unknown-agreement", col("agreements").is_not_null() & col("agreement_ids").is_null()
    yield "payer", "payer-form", col("payer").is_not_null() & col("payer_number").is_null()
    yield "end_reason", "unknown-end-reason", col("end_reason").is_not_null() & col("ended_word").is_null()
    yield "ended", "ended-before-joined", col("ended_day") < col("joined_day")


def _rejects(rows: pl.DataFrame, found: pl.DataFrame, faults: list[tuple[str, str, pl.Expr]]) -> list[Reject]:
    first = found.select(
        pl.coalesce(pl.when(pl.col(str(n))).then(pl.lit(n)) for n in range(len(faults))).alias("first")
    )["first"]
    told = []
    for row, n in zip(rows.select(LINE, *COLUMNS).iter_rows(named=True), first, strict=True):
        field, code, _ = faults[n]
        told.append(Reject(row.pop(LINE), field, code, {name: text for name, text in row.items() if text}))
    return told


def _staged(rows: pl.DataFrame, known: References) -> pl.DataFrame:
    """What is copied to staging, as PostgreSQL's CSV has it."""
    register, have = known.register_id, rows["national_text"].is_not_null()
    member = in_hex(_digests(register, Kind.MEMBER_NUMBER, rows["number"]))
    national = in_hex(_digests(register, Kind.NATIONAL_NUMBER, rows["national_text"].drop_nulls()))
    places = pl.DataFrame({LINE: rows[LINE].filter(have), "national": national})
    ended = pl.col("ended_day") + pl.duration(days=int(known.last_day))
    gone = ended <= known.today
    moved = pl.when(pl.col("moved_to").is_not_null()).then(pl.lit("transferred"))
    return (
        rows.with_columns(member.alias("member"))
        .join(places, on=LINE, how="left", maintain_order="left")
        .select(
            pl.col(LINE).alias("line"),
            # An end that is to come: the row is looked at again with each file, until it has.
            pl.when(pl.col("ended_day").is_null() | gone).then("listed").alias("listed"),
            "member", "national", "number", "given", "family", "street", "postal_code", "city",
            pl.coalesce("birth_date_day", "told").alias("born"),
            pl.coalesce("gender_word", "told_gender").alias("gender"),
            "type_id", "section_id", "workplace_id", pl.col("payer_number").alias("payer"),
            pl.col("agreement_ids").alias("agreements"),
            pl.col("joined_day").alias("joined"),
            pl.when(gone).then(ended).alias("ended"),
            pl.when(gone).then(pl.coalesce("ended_word", moved, pl.lit("resigned"))).alias("end_reason"),
            "moved_from", "moved_to",
        )
    )  # fmt: skip


def _digests(register_id: int, kind: Kind, values: pl.Series) -> NDArray[Any]:
    return digest_texts(register_id, kind, values)


def in_hex(digests: NDArray[Any]) -> pl.Series:
    """(n, 16) bytes as text in hexadecimal, which PostgreSQL reads as uuid."""
    data = pa.py_buffer(digests.tobytes())
    binary = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(digests), [None, data]).cast(pa.binary())
    return pl.Series(binary).bin.encode("hex")
