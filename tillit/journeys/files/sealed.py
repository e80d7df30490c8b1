"""The bytes of a file that waits: sealed in the database, and given to readers as a file in memory.

Layout: version (1 byte), nonce (12), ciphertext with tag; bound to the file's number. The key is of its own kind.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillit.journeys.files.errors import SentFileError
from tillit.journeys.models import SentBody
from tillit.platform.secrets import secret

_VERSION, _NONCE = b"\x01", 12


def keep(*, file_id: int, body: bytes) -> None:
    """Seal and store the bytes of a file."""
    nonce = os.urandom(_NONCE)
    sealed = _VERSION + nonce + AESGCM(secret("files")).encrypt(nonce, body, _place(file_id))
    SentBody.objects.create(file_id=file_id, sealed=sealed)


def opened(*, file_id: int) -> bytes:
    """The bytes again. `SentFileError` when they lapsed or do not open."""
    found = SentBody.objects.filter(file_id=file_id).first()
    if found is None:
        raise SentFileError("file-gone", "the file was kept for seven days only: send it again")
    body = bytes(found.sealed)
    try:
        return AESGCM(secret("files")).decrypt(body[1 : 1 + _NONCE], body[1 + _NONCE :], _place(file_id))
    except InvalidTag:
        raise SentFileError("file-lost", "the key that file was sealed with is gone: send it again") from None


def drop(*, file_id: int) -> None:
    """Forget the bytes."""
    SentBody.objects.filter(file_id=file_id).delete()


@contextmanager
def in_memory(body: bytes) -> Iterator[Path]:
    """The bytes as a regular file that is on no disk."""
    handle = os.memfd_create("sent", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(handle), "wb") as out:
            out.write(body)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _place(file_id: int) -> bytes:
    return f"journeys_sent_body:{file_id}".encode()
