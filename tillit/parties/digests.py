"""Keyed digests: how a register finds a person by an identifier without holding the identifier (A6, C4).

A digest is HMAC-SHA-256 truncated to 128 bits, keyed per register and key version (PCI DSS 4.0, 3.5.1.1), as a `UUID`.
Registers share no key, so the same card in two registers gives two digests that nobody can join.
"""

import hashlib
import hmac
from collections.abc import Iterable
from enum import IntEnum
from functools import cache
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

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
    return UUID(bytes=hmac.digest(register_key(register_id, version), message, "sha256")[:16])


def digest_many(register_id: int, kind: Kind, values: Iterable[bytes], *, version: int = KEY_VERSION) -> list[bytes]:
    """The digests of normalised `values` (their bytes), 16 bytes each: the same as `digest`, without hashing the key
    anew for each (RFC 2104, "the intermediate results … can be precomputed").
    """
    block = register_key(register_id, version).ljust(hashlib.sha256().block_size, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{int(kind)}:".encode())
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
    found = []
    for value in values:
        inside, outside = inner.copy(), outer.copy()
        inside.update(value)
        outside.update(inside.digest())
        found.append(outside.digest()[:16])
    return found
