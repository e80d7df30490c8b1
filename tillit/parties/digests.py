"""Keyed digests: how a register finds a person by an identifier without holding the identifier (A6, C4).

A digest is AES-CMAC with a key of 256 bits for each register and key version (a keyed hash of the whole number: PCI DSS
4.0, 3.5.1.1), 128 bits, as a `UUID`. Registers share no key, so the same card in two registers gives two digests that
nobody can join. Why CMAC: ADR 8.
"""

from collections.abc import Sequence
from enum import IntEnum
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from tillit.kernel.cmac import BLOCK, Cmac
from tillit.platform.secrets import secret

KEY_VERSION = 1


class Kind(IntEnum):
    """What a directory is keyed by. Numbers are stored: append only."""

    NATIONAL_NUMBER = 1
    EMAIL = 2
    PHONE = 3
    MEMBER_NUMBER = 4
    CARD = 5
    ACCOUNT = 6
    PHONE_AND_EMAIL = 7
    CUSTOMER_NUMBER = 8
    METERING_POINT = 9
    LOGIN_SUB = 10
    DEAD_ADDRESS = 11
    VOUCHER = 12
    GIFT_CARD = 13
    BONUS_ID = 14
    PAR = 15


CATEGORY_OF_KIND = {
    Kind.NATIONAL_NUMBER: "national_number",
    Kind.EMAIL: "contact",
    Kind.PHONE: "contact",
    Kind.MEMBER_NUMBER: "identity",
    Kind.CARD: "payment_instrument",
    Kind.ACCOUNT: "payment_instrument",
    Kind.PHONE_AND_EMAIL: "contact",
    Kind.CUSTOMER_NUMBER: "identity",
    Kind.METERING_POINT: "metering_point",
    Kind.LOGIN_SUB: "login",
    Kind.DEAD_ADDRESS: "consent_record",
    Kind.VOUCHER: "bonus",
    Kind.GIFT_CARD: "gift_card",
    Kind.BONUS_ID: "identity",
    Kind.PAR: "payment_instrument",
}
"""A digest stays only as long as the person has a row of this category."""


@cache
def register_key(register_id: int, version: int = KEY_VERSION) -> bytes:
    """The digest key of one register, 32 bytes, derived from the installation's root key."""
    info = f"tillit digest register={register_id} version={version}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret("digest_root"))


def digest(register_id: int, kind: Kind, value: str, *, version: int = KEY_VERSION) -> UUID:
    """The digest of an already normalised `value`."""
    message = f"{int(kind)}:{value}".encode()
    return UUID(bytes=_cmac(register_id, version).one(message))


def digest_many(register_id: int, kind: Kind, values: Sequence[bytes], *, version: int = KEY_VERSION) -> list[bytes]:
    """The digests of normalised `values` (their bytes), 16 bytes each: the same as `digest`."""
    head = f"{int(kind)}:".encode()
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values)) + len(head)
    data = np.frombuffer(b"".join(head + value for value in values), dtype=np.uint8)
    made = _cmac(register_id, version).many(data, np.cumsum(lengths) - lengths, lengths).tobytes()
    return [made[at : at + BLOCK] for at in range(0, len(made), BLOCK)]


def digest_digits(
    register_id: int, kind: Kind, digits: NDArray[Any], lengths: NDArray[Any], *, version: int = KEY_VERSION
) -> NDArray[Any]:
    """The digests, (n, 16) bytes, of numbers given as digits (n, width), 0 to 9, of which the last `lengths` count."""
    head = np.frombuffer(f"{int(kind)}:".encode(), dtype=np.uint8)
    count, width = digits.shape
    table = np.empty((count, len(head) + width), dtype=np.uint8)
    table[:, len(head) :] = digits + ord("0")
    first = width - lengths
    for place, byte in enumerate(head.tolist()):
        table[np.arange(count), first + place] = byte
    starts = np.arange(count) * table.shape[1] + first
    return _cmac(register_id, version).many(table.reshape(-1), starts, lengths + len(head))


def digest_texts(register_id: int, kind: Kind, values: pl.Series, *, version: int = KEY_VERSION) -> NDArray[Any]:
    """The digests, (n, 16) bytes, of normalised texts, none of them null: the same as `digest`."""
    texts = f"{int(kind)}:" + values
    lengths = texts.str.len_bytes().to_numpy().astype(np.int64)
    data = np.frombuffer(texts.str.join("").item().encode(), dtype=np.uint8)
    return _cmac(register_id, version).many(data, np.cumsum(lengths) - lengths, lengths)


@cache
def _cmac(register_id: int, version: int) -> Cmac:
    return Cmac(register_key(register_id, version))
