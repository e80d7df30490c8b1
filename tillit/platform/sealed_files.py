"""Files sealed with a key: written and read as streams, in bounded memory, so that no change or cut goes unseen.

A file is one line in clear (magic, key version, key check) and then the streaming format "AES-GCM-HKDF" of the Tink
library (AES256_GCM_HKDF_1MB, developers.google.com/tink/wire-format), which is the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár (CRYPTO 2015): segments of 1 MiB, the nonce of each carries its number and whether it is
the last. The line and the context (what the file is) are the associated data, so a file cannot pass for another kind.
"""

import hmac
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.platform.errors import SealedFileError
from tillit.platform.secrets import secret

MAGIC = b"tillit-sealed-1"
SEGMENT = 1 << 20
_TAG, _SALT, _PREFIX = 16, 32, 7
_HEADER = 1 + _SALT + _PREFIX
_LINE_LIMIT = 100


def key(name: str, version: int) -> bytes:
    """The 32-byte key of a kind of file: the secret `name`, from version 2 on `name_2` …"""
    return secret(name if version == 1 else f"{name}_{version}")


class Writer:
    """Seals what is written to `file`. Whole only after `close`; leaving a `with` block by an error does not close."""

    def __init__(self, file: BinaryIO, *, name: str, version: int, context: str) -> None:
        self._file, self._buffer, self._number = file, bytearray(), 0
        line = _line(key(name, version), version)
        salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._cipher, self._prefix = _cipher(key(name, version), salt, line + context.encode()), prefix
        file.write(line + bytes([_HEADER]) + salt + prefix)

    def write(self, data: bytes) -> None:
        """Add `data`; whole segments go out as soon as more follows them."""
        self._buffer += data
        while len(self._buffer) > (room := _room(self._number)):
            self._put(bytes(self._buffer[:room]), last=False)
            del self._buffer[:room]

    def close(self) -> None:
        """Write the last segment. The caller syncs and closes the file."""
        self._put(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _put(self, clear: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._prefix, self._number, last=last), clear, None))
        self._number += 1


def read(file: BinaryIO, *, name: str, context: str) -> Iterator[bytes]:
    """The clear segments of a sealed file, in order, each vouched for; the end is vouched for when the iterator ends.

    Raises `SealedFileError`: not a sealed file, sealed with another key, changed, or cut short.
    """
    line = file.readline(_LINE_LIMIT)
    version = _version(line)
    root = key(name, version)
    if not hmac.compare_digest(line, _line(root, version)):
        raise SealedFileError("it was sealed with another key than this installation's")
    header = file.read(_HEADER)
    if len(header) != _HEADER or header[0] != _HEADER:
        raise SealedFileError("it is cut short or changed at its beginning")
    cipher = _cipher(root, header[1 : 1 + _SALT], line + context.encode())
    prefix, number = header[1 + _SALT :], 0
    body = file.read(_room(0) + _TAG)
    while True:
        following = file.read(SEGMENT)
        try:
            yield cipher.decrypt(_nonce(prefix, number, last=not following), body, None)
        except InvalidTag:
            raise SealedFileError(f"it was changed or cut short (at segment {number + 1})") from None
        if not following:
            return
        body, number = following, number + 1


@contextmanager
def created(path: Path, *, name: str, version: int, context: str) -> Iterator[Writer]:
    """Seal into a new file at `path` (0600), which appears whole and synced to disk, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = path.with_name(f".{path.name}.{os.getpid()}.new")
    handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            writer = Writer(file, name=name, version=version, context=context)
            yield writer
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _room(number: int) -> int:
    """How many clear bytes a segment holds; the first shares its mebibyte with the header."""
    return SEGMENT - _TAG - (_HEADER if number == 0 else 0)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)


def _cipher(root: bytes, salt: bytes, associated: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=associated).derive(root))


def _line(root: bytes, version: int) -> bytes:
    """The line in clear: it tells which key, and lets a wrong one be told from a damaged file."""
    check = hmac.digest(root, MAGIC + b" key check", "sha256")[:8].hex().encode()
    return b"%s key=%d check=%s\n" % (MAGIC, version, check)


def _version(line: bytes) -> int:
    words = line.split()
    if len(words) != 3 or words[0] != MAGIC or not words[1].startswith(b"key=") or not words[1][4:].isdigit():
        raise SealedFileError("it is not a file that Tillit sealed")
    return int(words[1][4:])
