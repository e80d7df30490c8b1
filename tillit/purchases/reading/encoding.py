"""Checked purchases as PostgreSQL's binary COPY, digests included. Built in vectors: no Python object per field.

`external` is the keyed digest of the row's id: the id of the purchase it becomes, and the key of `seen`. `payload` is
the keyed digest of the row's content, in the binary form of the columns of `CONTENT` (version 1): a row that comes
again is recognised by the first, and found changed by the second. Both keys are the source's own.
"""

from functools import cache
from typing import Any

import numpy as np
import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.kernel.cmac import Cmac
from tillit.platform.secrets import secret
from tillit.purchases.reading.checking import AUTHORISATION, Purchases
from tillit.purchases.reading.numbers import Ints

HEAD = ("batch_id", "line", "source_id", "authorised", "external", "payload")
# The order is part of what `payload` means: never change it, only append behind a new version.
CONTENT = (
    "instrument_kind", "instrument", "chain_id", "store_id", "event_at", "amount",
    "last_four", "currency", "product_group_id", "refund_of", "receipt", "product",
)  # fmt: skip
COLUMNS = HEAD + CONTENT
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_EPOCH = 946_684_800_000_000  # microseconds from 1970 to 2000, where PostgreSQL's time starts
_NULL = -1


@cache
def _cmac(source_id: int, use: str) -> Cmac:
    """The source's digests for one use (`external`, `payload`), under a key of their own of 256 bits."""
    info = f"tillit purchases source={source_id} use={use} version=1".encode()
    return Cmac(HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret("digest_root")))


def external_digests(source_id: int, ids: pl.Series, use: str = "external") -> Ints:
    """The digests of external ids, (n, 16) bytes. `use`: authorisations are numbered apart from purchases."""
    texts = _text(ids)
    return _cmac(source_id, use).many(texts.data, texts.starts, texts.lengths)


def split(purchases: Purchases, *, source_id: int, parts: int = 1) -> list[tuple[Purchases, Ints]]:
    """The rows in `parts` parts by the digest of their id, each with those digests, (n, 16) bytes."""
    external = external_digests(source_id, purchases.id)
    apart = purchases.authorised
    if apart.any():
        external[apart] = external_digests(source_id, purchases.id.filter(pl.Series(apart)), AUTHORISATION)
    if parts == 1:
        return [(purchases, external)]
    part_of = external[:, -1] % parts
    return [(purchases.where(part_of == part), external[part_of == part]) for part in range(parts)]


def encode(purchases: Purchases, *, external: Ints, batch_id: int, source_id: int) -> bytes:
    """The rows as binary COPY tuples of `COLUMNS`, without signature and trailer. `external`: digests of their ids."""
    count = len(purchases)
    if not count:
        return b""
    refunds = purchases.refund_of.is_not_null().to_numpy()
    refund_of = np.zeros((count, 16), dtype=np.uint8)
    if refunds.any():
        refund_of[refunds] = external_digests(source_id, purchases.refund_of.drop_nulls())
    clearing = purchases.clears.is_not_null().to_numpy()
    if clearing.any():  # no refund clears anything: the two never meet
        refund_of[clearing] = external_digests(source_id, purchases.clears.drop_nulls(), AUTHORISATION)
    groups = purchases.product_group_id.astype(np.int64)
    with_four = purchases.last_four[:, 0] > 0
    head = _fixed(
        count,
        [
            (len(COLUMNS), ">i2", None),
            (batch_id, ">i8", 8),
            (purchases.line, ">i8", 8),
            (source_id, ">i2", 2),
            (purchases.authorised, ">i1", 1),
            (external, "V16", 16),
            (np.zeros((count, 16), dtype=np.uint8), "V16", 16),
        ],
    )
    content = _fixed(
        count,
        [
            (purchases.kind, ">i2", 2),
            (purchases.instrument, "V16", 16),
            (purchases.chain_id, ">i4", 4),
            (purchases.store_id, ">i4", 4),
            (purchases.event_at - _EPOCH, ">i8", 8),
            (purchases.amount, ">i8", 8),
        ],
    )
    tails = [
        _Varying(purchases.last_four.reshape(-1), np.arange(count) * 4, np.where(with_four, 4, 0)),
        _text(purchases.currency),
        _Varying(groups.astype(">i4").view(np.uint8), np.arange(count) * 4, np.where(groups > 0, 4, _NULL)),
        _Varying(refund_of.reshape(-1), np.arange(count) * 16, np.where(refunds | clearing, 16, _NULL)),
        _text(purchases.receipt),
        _text(purchases.product),
    ]
    fixed = head.shape[1] + content.shape[1]
    lengths = fixed + sum(4 + np.maximum(tail.lengths, 0) for tail in tails)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    buffer = np.empty(int(ends[-1]), dtype=np.uint8)
    _place(buffer, starts, head)
    _place(buffer, starts + head.shape[1], content)
    at = starts + fixed
    for tail in tails:
        at = tail.place(buffer, at)
    content_at = starts + head.shape[1]
    payload = _cmac(source_id, "payload").many(buffer, content_at, ends - content_at)
    _place(buffer, content_at - 16, payload)
    return buffer.tobytes()


class _Varying:
    """Values of varying length in one run of bytes: where each starts, and its length (-1: null)."""

    def __init__(self, data: Ints, starts: Ints, lengths: Ints) -> None:
        self.data, self.starts, self.lengths = data, starts, lengths.astype(np.int64)

    def place(self, buffer: Ints, at: Ints) -> Ints:
        """Write length and value of each row at `at`; where each row goes on."""
        _place(buffer, at, self.lengths.astype(">i4").view(np.uint8).reshape(-1, 4))
        sizes = np.maximum(self.lengths, 0)
        total = int(sizes.sum())
        if total:
            within = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            buffer[np.repeat(at + 4, sizes) + within] = self.data[np.repeat(self.starts, sizes) + within]
        return at + 4 + sizes


def _text(values: pl.Series) -> _Varying:
    lengths = values.str.len_bytes().to_numpy().astype(np.int64)
    data = np.frombuffer(values.str.join("").item().encode(), dtype=np.uint8)
    return _Varying(data, np.cumsum(lengths) - lengths, lengths)


def _fixed(count: int, fields: list[tuple[Any, str, int | None]]) -> Ints:
    """Fields of fixed width, each with its length before it (unless that is None), as (count, width) bytes."""
    layout, values = [], {}
    for n, (value, kind, size) in enumerate(fields):
        if size is not None:
            layout.append((f"l{n}", ">i4"))
            values[f"l{n}"] = size
        layout.append((f"v{n}", kind))
        values[f"v{n}"] = value.view("V16").reshape(-1) if kind == "V16" else value
    rows = np.empty(count, dtype=layout)
    for name, value in values.items():
        rows[name] = value
    return rows.view(np.uint8).reshape(count, -1)


def _place(buffer: Ints, at: Ints, rows: Ints, step: int = 8192) -> None:
    """Write each row's bytes at its place, some thousand rows at a time (the index takes eight times the bytes)."""
    offsets = np.arange(rows.shape[1])
    for start in range(0, len(rows), step):
        buffer[at[start : start + step, None] + offsets] = rows[start : start + step]
