"""Rows that could not be used, sealed for repair (issue "Bad input").

A row may hold a card or national number, so it is sealed: AES-256-GCM, a key of its own kind from the installation's
secrets, bound to table, batch and line. Layout: version (1 byte), nonce (12), ciphertext with tag.
"""

import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillit.files.errors import SealedRowError
from tillit.platform.secrets import secret

_VERSION, _NONCE = b"\x01", 12


def seal(*, table: str, batch_id: int, line: int, values: Mapping[str, str | None]) -> bytes:
    """The row's fields, sealed for one line of one batch of the table."""
    nonce = os.urandom(_NONCE)
    plain = json.dumps(dict(values), ensure_ascii=False, separators=(",", ":")).encode()
    return _VERSION + nonce + _cipher().encrypt(nonce, plain, _place(table, batch_id, line))


def open_sealed(*, table: str, batch_id: int, line: int, sealed: bytes | memoryview | None) -> dict[str, str | None]:
    """The row's fields as they were read. `SealedRowError` when they were not kept (None) or do not open."""
    if sealed is None:
        raise SealedRowError("row-not-kept", "that row was not kept: it can only be sent again")
    body = bytes(sealed)
    try:
        plain = _cipher().decrypt(body[1 : 1 + _NONCE], body[1 + _NONCE :], _place(table, batch_id, line))
    except InvalidTag:
        raise SealedRowError("row-lost", "the key that row was sealed with is gone") from None
    values: dict[str, str | None] = json.loads(plain)
    return values


def _cipher() -> AESGCM:
    return AESGCM(secret("quarantine"))


def _place(table: str, batch_id: int, line: int) -> bytes:
    return f"{table}:{batch_id}:{line}".encode()
