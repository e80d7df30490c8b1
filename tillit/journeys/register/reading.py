"""Reading a union's file: what is unchanged, what is staged, what is put aside. Memory does not grow with the file but
by some ten bytes a row: the digests by which the register is listed, and national numbers that are new.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection
from numpy.typing import NDArray

from tillit.files.ahead import ahead
from tillit.files.chunks import LINE, Chunk, Reject
from tillit.journeys.register.sqls import sql
from tillit.kernel.cmac import BLOCK, Cmac
from tillit.membership import structure
from tillit.membership.reading import dates
from tillit.membership.reading.checking import STAGED, check, in_hex
from tillit.membership.reading.layout import LEFT_OUT, meaning
from tillit.membership.reading.references import References
from tillit.platform.secrets import secret

_DIGESTS = 25  # bytes of PostgreSQL's binary COPY before the first value of its one row
_AROUND = _DIGESTS + 4 + 2  # and with those between the two values, and after them
_ID = (1 << 62) - 1  # ids of people: 62 random bits
_DATED = ("joined", "birth_date", "ended")
Put = Callable[[list[Reject]], None]


@dataclass(frozen=True)
class Listed:
    """The digests of the rows by which open memberships are listed, in order, and whose they are."""

    high: NDArray[Any]
    low: NDArray[Any]
    subjects: NDArray[Any]

    def find(self, digests: NDArray[Any]) -> NDArray[Any]:
        """The place of each digest (n, 16 bytes), -1 where it is not listed."""
        high, low = _halves(digests)
        if not len(self.high):
            return np.full(len(high), -1)
        at = np.minimum(np.searchsorted(self.high, high), len(self.high) - 1)
        return np.where((self.high[at] == high) & (self.low[at] == low), at, -1)


@dataclass
class Read:
    """What became of the rows of a file. `unchanged`: whose rows were found as they were; `others`: of whom none was,
    among those whose memberships are listed. `numbers`: clear national numbers of staged rows by line, for sealing.
    `suspects`: digests of member numbers in damaged rows. `nameless`: how many damaged rows do not even say whose they
    are. `columns`: which of our columns the file has.
    """

    style: str
    columns: frozenset[str]
    rows: int = 0
    staged: int = 0
    again: int = 0
    nameless: int = 0
    unchanged: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    others: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    numbers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame({"line": [], "number": []}), repr=False)
    suspects: list[bytes] = field(default_factory=list, repr=False)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Prepared:
    position: int
    rows: int
    lines: NDArray[Any]
    at: NDArray[Any]
    staged: pl.DataFrame
    numbers: pl.DataFrame
    rejects: list[Reject]
    suspects: NDArray[Any]


def listed(*, controller_id: int) -> Listed:
    """What the union's register is listed by. Within a scope that sees memberships."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # carries the scope's settings, which COPY does not
        text = sql("compare", "listed").replace("%(controller)s", str(int(controller_id)))
        with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT BINARY)") as copy:
            data = np.frombuffer(b"".join(copy), dtype=np.uint8)
    count = (len(data) - _AROUND) // (BLOCK + 8)
    people = _DIGESTS + count * BLOCK + 4
    high, low = _halves(data[_DIGESTS : people - 4])
    order = np.argsort(high, kind="stable")
    subjects = data[people : people + count * 8].view(">i8").astype(np.int64)
    return Listed(high[order], low[order], subjects[order])


def style_of(chunks: Iterable[Chunk], known: References) -> tuple[str, frozenset[str]]:
    """(how the file writes its dates: as the union's layout says, else as its first rows do; which columns it has)."""
    words = meaning(known.columns)
    first = next((chunk.frame for chunk in chunks if not chunk.frame.is_empty()), None)
    if first is None:
        return known.dates or "iso", frozenset()
    ours = {words[name]: name for name in first.columns if name != LINE and words[name] != LEFT_OUT}
    found = dates.sniff([first[ours[name]] for name in _DATED if name in ours])
    return known.dates or found, frozenset(ours)


def read(
    *,
    chunks: Iterable[Chunk],
    known: References,
    before: Listed,
    style: str,
    columns: frozenset[str],
    put: Put,
    tell: Callable[[int], None],
    listing: bool = True,
) -> Read:
    """Read the rows: stage those that are good and not listed as they are, put aside those that cannot be used.

    `listing`: whether a row stands for what the union sends, so that it is known by it when it comes again.
    `register_staged` is made anew. The tables that PostgreSQL keeps of a row are this connection's own.
    """
    done = Read(style, columns)
    seen = np.zeros(len(before.subjects), dtype=bool)
    numbers: list[pl.DataFrame] = []
    payers: dict[str, int] = {}
    make = partial(_prepare, known=known, before=before, style=style, key=_key(known, style), listing=listing)
    with connection.cursor() as cursor:
        for table in ("register_staged", "register_matched", "register_standing", "register_past", "register_row"):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute("DROP TABLE IF EXISTS register_fact")
        cursor.execute(sql("compare", "staged_table"))
        for one in ahead(chunks, make):
            twice = _twice(one, seen)
            done.rows += one.rows
            done.again += int((one.at >= 0).sum()) - len(twice)
            seen[one.at[one.at >= 0]] = True
            rejects = [*one.rejects, *twice]
            done.nameless += len(rejects) - len(twice) - len(one.suspects)
            done.suspects += [bytes(digest) for digest in one.suspects]
            done.reasons.update(reject.code for reject in rejects)
            if rejects:
                put(rejects)
            if not one.staged.is_empty():
                _copy(cursor, one.staged, payers, known.controller_id)
                numbers.append(one.numbers)
            done.staged += len(one.staged)
            tell(one.position)
        cursor.execute("ANALYZE register_staged")
    if numbers:
        done.numbers = pl.concat(numbers)
    done.unchanged, done.others = before.subjects[seen], before.subjects[~seen]
    return done


def _twice(one: _Prepared, seen: NDArray[Any]) -> list[Reject]:
    """Rows that are listed as they are, and stood in the file before."""
    places, lines = one.at[one.at >= 0], one.lines[one.at >= 0]
    first = np.zeros(len(places), dtype=bool)
    first[np.unique(places, return_index=True)[1]] = True
    again = seen[places] | ~first
    return [Reject(line, "member_number", "member-number-doubled") for line in lines[again].tolist()]


def _prepare(chunk: Chunk, *, known: References, before: Listed, style: str, key: Cmac, listing: bool) -> _Prepared:
    """Digest, look up and check a chunk."""
    if chunk.frame.is_empty():
        nothing = np.empty(0, dtype=np.int64)
        empty = pl.DataFrame()
        return _Prepared(chunk.position, len(chunk.rejects), nothing, nothing, empty, empty, chunk.rejects, nothing)
    words = meaning(known.columns)
    names = [name for name in chunk.frame.columns if name != LINE]
    whole = chunk.frame.select(pl.concat_str([pl.col(n).fill_null("") for n in names], separator="\x1f")).to_series()
    lengths = whole.str.len_bytes().to_numpy().astype(np.int64)
    data = np.frombuffer(whole.str.join("").item().encode(), dtype=np.uint8)
    digests = key.many(data, np.cumsum(lengths) - lengths, lengths)
    at = before.find(digests)
    fresh = pl.Series(at < 0)
    frame = chunk.frame.filter(fresh).rename({n: words[n] for n in names if words[n] != LEFT_OUT})
    rows, lines = len(chunk.frame) + len(chunk.rejects), chunk.frame[LINE].to_numpy()
    if frame.is_empty():
        empty = pl.DataFrame()
        return _Prepared(chunk.position, rows, lines, at, empty, empty, chunk.rejects, np.empty((0, BLOCK)))
    part = Chunk(chunk.position, frame, chunk.plain, chunk.trimmed)
    sent = in_hex(digests[at < 0]) if listing else pl.Series([None] * len(frame), dtype=pl.String)
    checked = check(part, sent, known, style)
    rejects = sorted([*chunk.rejects, *checked.rejects], key=lambda reject: reject.line)
    return _Prepared(chunk.position, rows, lines, at, checked.rows, checked.numbers, rejects, checked.suspects)


def _copy(cursor: Any, rows: pl.DataFrame, payers: dict[str, int], controller_id: int) -> None:
    """Copy checked rows to staging, each with an id should it be about somebody new; who pays becomes an id, made where
    the organisation is new.
    """
    new = [one for one in rows["payer"].drop_nulls().unique() if one not in payers]
    if new:
        payers |= structure.keep_payers(controller_id=controller_id, numbers=new)
    ids = rows["payer"].replace_strict(payers, default=None, return_dtype=pl.Int64)
    people = pl.Series(np.frombuffer(os.urandom(8 * len(rows)), dtype=np.int64) & _ID)
    staged = rows.with_columns(ids.alias("payer_id"), people.alias("fresh")).select(*STAGED, "fresh")
    columns = ", ".join(f'"{name}"' for name in staged.columns)
    with cursor.copy(f"COPY register_staged ({columns}) FROM STDIN (FORMAT CSV)") as copy:
        copy.write(staged.write_csv(include_header=False).encode())


def _key(known: References, style: str) -> Cmac:
    """What rows are digested with: another one where the same text would mean something else."""
    return _cmac(known.controller_id, means(known, style))


def means(known: References, style: str) -> str:
    """A digest of what decides what a row's text means: the union's columns, how dates are written, what an end is."""
    return sha256(repr((sorted(known.columns.items()), style, known.last_day)).encode()).hexdigest()


@cache
def _cmac(controller_id: int, means: str) -> Cmac:
    info = f"tillit register row controller={controller_id} means={means} version=1".encode()
    return Cmac(HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret("digest_root")))


def _halves(digests: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    halves = digests.reshape(-1, 16).view(">u8").astype(np.uint64)
    return halves[:, 0], halves[:, 1]
