"""The key-encryption key, in no database: it wraps data keys, secrets of authenticator apps, keys that sign mail.

``TILLIT_KEY_ENCRYPTION_VERSION`` names the version that is wrapped with from now on: secrets ``key_encryption``,
``key_encryption_2`` … What was wrapped with an earlier one opens as long as that secret is there; `tillit keys rewrap`
wraps everything anew, and then the earlier one may go.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillit.platform import given, secrets

_NAME = "key_encryption"
_NONCE = 12


def name(version: int | None = None) -> str:
    """The secret of a version; by default of the one that is wrapped with."""
    version = version or current()
    return _NAME if version == 1 else f"{_NAME}_{version}"


def current() -> int:
    """The version that is wrapped with. Raises `SettingError`."""
    return given.number("TILLIT_KEY_ENCRYPTION_VERSION", default=1, least=1)


def cipher() -> AESGCM:
    """The key that is wrapped with; for many at once, since it lies in a file."""
    return AESGCM(secrets.secret(name()))


def wrap(value: bytes, place: bytes) -> bytes:
    """`value` wrapped for one place: nonce, then ciphertext with tag."""
    nonce = os.urandom(_NONCE)
    return nonce + cipher().encrypt(nonce, value, place)


def unwrap(wrapped: bytes, place: bytes) -> bytes:
    """What was wrapped for the place, by this version or an earlier one that is still there. Raises `InvalidTag`."""
    nonce, body = wrapped[:_NONCE], wrapped[_NONCE:]
    for version in range(current(), 0, -1):
        if version == current() or secrets.known(name(version)):
            try:
                return AESGCM(secrets.secret(name(version))).decrypt(nonce, body, place)
            except InvalidTag:
                continue
    raise InvalidTag
