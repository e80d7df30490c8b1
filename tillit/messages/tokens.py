"""Opaque tokens that name a message, or a person's purpose and channel, to somebody outside (F2, F5).

A token is sealed with AES-SIV (RFC 5297): nobody without the installation's key can read one, make one, or change one,
and the same thing always has the same token. It has no end: a link in a message of years ago still works.
"""

import hmac
import json
import struct
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from tillit.platform.secrets import secret

_VERSION = b"\x01"
_LONGEST = 600
_MESSAGE = ">qiq"
_REFERENCE, _RETURN = 60, 53
_SHORT, _VECTOR = b"\x02", 12


def make(use: str, *said: str | int) -> str:
    """A token for one use (`unsubscribe`); tokens of another use are none of it."""
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = _VERSION + _cipher().encrypt(body, [use.encode()])
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(use: str, token: str, *, longest: int = _LONGEST) -> list[Any] | None:
    """What the token says; None for one that is not ours, for another use, or of more than `longest` characters."""
    if not token or len(token) > longest or not token.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if sealed[:1] != _VERSION:
            return None
        found = json.loads(_cipher().decrypt(sealed[1:], [use.encode()]))
    except (Error, ValueError, InvalidTag):
        return None
    return found if isinstance(found, list) else None


def reference(subject_id: int, controller_id: int, message_id: int) -> str:
    """The token of one message, of letters and digits that survive a mail server's folding of case (60 of them, so that
    it fits before an @). It is no secret: whoever gets a reply to the message, or a copy of it, reads it.
    """
    return _sealed(b"message", subject_id, controller_id, message_id)


def return_path(subject_id: int, controller_id: int, message_id: int) -> str:
    """The token of one message in the address that mail servers report to: no other part of the message tells it, so
    that whoever knows it carried or received the mail. 53 letters and digits, so that with a name before it the local
    part stays within 64 (RFC 5321 4.5.3.1.1): the synthetic initialisation vector of RFC 5297 cut to 96 bits.
    """
    body = struct.pack(_MESSAGE, subject_id, controller_id, message_id)
    vector = _vector(body)
    return b32encode(_SHORT + vector + _stream(vector, body)).rstrip(b"=").decode().lower()


def message_of(token: str) -> tuple[int, int, int] | None:
    """(subject, controller, message) that a `reference` names; None for one that is not ours."""
    return _opened(b"message", token)


def returned_message_of(token: str) -> tuple[int, int, int] | None:
    """(subject, controller, message) that a `return_path` names; None for one that is not ours. Also those of mail that
    left before the tokens were shorter.
    """
    raw = _raw(token, _RETURN)
    if raw is None or raw[:1] != _SHORT:
        return _opened(b"bounce", token)
    vector, sealed = raw[1 : 1 + _VECTOR], raw[1 + _VECTOR :]
    body = _stream(vector, sealed)
    if not hmac.compare_digest(vector, _vector(body)):
        return None
    subject, controller, message = struct.unpack(_MESSAGE, body)
    return subject, controller, message


def _vector(body: bytes) -> bytes:
    """What nobody without the key can make: it is the token's seal, and begins its key stream."""
    return hmac.digest(_derived(b"seal"), body, "sha256")[:_VECTOR]


def _stream(vector: bytes, text: bytes) -> bytes:
    """The text under the key stream that begins at the vector; under it again, the text itself."""
    return Cipher(algorithms.AES(_derived(b"stream")), modes.CTR(vector.ljust(16, b"\0"))).encryptor().update(text)


def _derived(use: bytes) -> bytes:
    return hmac.digest(secret("message_tokens", 64)[:64], b"bounce " + use, "sha256")


def _sealed(use: bytes, subject_id: int, controller_id: int, message_id: int) -> str:
    body = struct.pack(_MESSAGE, subject_id, controller_id, message_id)
    return b32encode(_VERSION + _cipher().encrypt(body, [use])).rstrip(b"=").decode().lower()


def _opened(use: bytes, token: str) -> tuple[int, int, int] | None:
    sealed = _raw(token, _REFERENCE)
    if sealed is None or sealed[:1] != _VERSION:
        return None
    try:
        subject, controller, message = struct.unpack(_MESSAGE, _cipher().decrypt(sealed[1:], [use]))
    except (InvalidTag, struct.error):
        return None
    return subject, controller, message


def _raw(token: str, length: int) -> bytes | None:
    if len(token) != length or not token.isascii():
        return None
    try:
        return b32decode(token.upper() + "=" * (-len(token) % 8))
    except (Error, ValueError):
        return None


def _cipher() -> AESSIV:
    return AESSIV(secret("message_tokens", 64)[:64])
