"""Sealing: values readable only for their purpose, and shredded by dropping a key (A6, H11, D2).

One AES-256-GCM data key per (subject, controller), wrapped by the installation's key-encryption key. The associated
data names table, column and subject, so sealed bytes moved elsewhere do not open. Layout: version (1 byte), nonce (12
bytes), ciphertext with tag.
"""

import os
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from tillit.parties.errors import SealedValueLostError
from tillit.platform import key_encryption

_VERSION = b"\x01"
_NONCE = 12
_DRAWN = _NONCE + 32  # random bytes for a key and the nonce it is wrapped with
_WRAPPED = _DRAWN + 16  # bytes of a wrapped key: with its tag


def _wrap(subject_id: int, controller_id: int, key: bytes) -> bytes:
    return key_encryption.wrap(key, f"{subject_id}:{controller_id}".encode())


def _unwrap(subject_id: int, controller_id: int, wrapped: bytes) -> bytes:
    return key_encryption.unwrap(bytes(wrapped), f"{subject_id}:{controller_id}".encode())


def unwraps(subject_id: int, controller_id: int, wrapped: bytes) -> bool:
    """Whether a wrapped data key opens with the key-encryption keys at hand."""
    try:
        return bool(_unwrap(subject_id, controller_id, wrapped))
    except InvalidTag:
        return False


def wrapped_with(cipher: AESGCM, subject_id: int, controller_id: int, wrapped: bytes) -> bool:
    """Whether a data key is wrapped with this key-encryption key."""
    try:
        cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], f"{subject_id}:{controller_id}".encode())
    except InvalidTag:
        return False
    return True


def rewrapped(subject_id: int, controller_id: int, wrapped: bytes) -> bytes:
    """A data key wrapped with the present key-encryption key. Raises `SealedValueLostError`."""
    try:
        return _wrap(subject_id, controller_id, _unwrap(subject_id, controller_id, wrapped))
    except InvalidTag:
        raise SealedValueLostError("sealed-lost", "a data key opens with no key-encryption key that is here") from None


def _key(subject_id: int, controller_id: int, *, make: bool) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT keys_get(%s, %s)", [subject_id, controller_id])
        (wrapped,) = cursor.fetchone()
        if wrapped is None and make:
            fresh = _wrap(subject_id, controller_id, os.urandom(32))
            cursor.execute("SELECT keys_make(%s, %s, %s)", [subject_id, controller_id, fresh])
            (wrapped,) = cursor.fetchone()
    if wrapped is None:
        raise SealedValueLostError("sealed-lost", "the key is gone; the value cannot be opened")
    try:
        return _unwrap(subject_id, controller_id, wrapped)
    except InvalidTag:
        raise SealedValueLostError("sealed-lost", "the key cannot be unwrapped; the value cannot be opened") from None


def _associated(table: str, column: str, subject_id: int) -> bytes:
    return f"{table}.{column}:{subject_id}".encode()


def seal(*, subject_id: int, controller_id: int, table: str, column: str, value: str) -> bytes:
    """`value` sealed for one place; makes the data key when there is none. Needs an open transaction."""
    nonce = os.urandom(_NONCE)
    cipher = AESGCM(_key(subject_id, controller_id, make=True))
    return _VERSION + nonce + cipher.encrypt(nonce, value.encode(), _associated(table, column, subject_id))


def open_sealed(*, subject_id: int, controller_id: int, table: str, column: str, sealed: bytes | memoryview) -> str:
    """The value sealed for exactly this place; `SealedValueLostError` when the key was dropped or the bytes moved."""
    body = bytes(sealed)
    cipher = AESGCM(_key(subject_id, controller_id, make=False))
    try:
        plain = cipher.decrypt(body[1 : 1 + _NONCE], body[1 + _NONCE :], _associated(table, column, subject_id))
    except InvalidTag:
        raise SealedValueLostError("sealed-mismatch", "the value was not sealed for this place") from None
    return plain.decode()


def make_keys(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], AESGCM]:
    """Ciphers for many (subject, controller) pairs in one statement, made where missing (register imports)."""
    wanted = sorted(set(pairs))
    wrapping = key_encryption.cipher()
    drawn = os.urandom(_DRAWN * len(wanted))
    keys, wrapped = {}, []
    for at, (subject, controller) in enumerate(wanted):
        nonce, key = drawn[at * _DRAWN : at * _DRAWN + _NONCE], drawn[at * _DRAWN + _NONCE : (at + 1) * _DRAWN]
        keys[subject, controller] = key
        wrapped.append(nonce + wrapping.encrypt(nonce, key, f"{subject}:{controller}".encode()))
    with connection.cursor() as cursor:
        # The keys as one value that PostgreSQL cuts up: as many values each cost more than wrapping them.
        cursor.execute(
            "SELECT subject_id, controller_id, wrapped FROM keys_make_many(%s::bigint[], %s::integer[], ARRAY("
            "SELECT substr(w.keys, at, %s) FROM (SELECT %s::bytea AS keys OFFSET 0) w"
            " CROSS JOIN generate_series(1, length(w.keys), %s) AS at ORDER BY at))",
            [[s for s, _ in wanted], [c for _, c in wanted], _WRAPPED, b"".join(wrapped), _WRAPPED],
        )
        for subject, controller, standing in cursor.fetchall():
            keys[subject, controller] = _unwrap(subject, controller, standing)
    return {pair: AESGCM(key) for pair, key in keys.items()}


def seal_many(*, values: Sequence[tuple[int, str]], controller_id: int, table: str, column: str) -> list[bytes]:
    """Each (subject, value) sealed for its place, in order; the data keys are made where they are missing."""
    ciphers = make_keys((subject, controller_id) for subject, _ in values)
    drawn, sealed = os.urandom(_NONCE * len(values)), []
    for at, (subject, value) in enumerate(values):
        nonce = drawn[at * _NONCE : (at + 1) * _NONCE]
        body = ciphers[subject, controller_id].encrypt(nonce, value.encode(), _associated(table, column, subject))
        sealed.append(_VERSION + nonce + body)
    return sealed
