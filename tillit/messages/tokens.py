"""Opaque tokens that name a message, or a person's purpose and channel, to somebody outside (F2, F5).

A token is sealed with AES-SIV (RFC 5297): nobody without the installation's key can read one, make one, or change one,
and the same thing always has the same token. It has no end: a link in a message of years ago still works.
"""

import json
import struct
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from tillit.platform.secrets import secret

_VERSION = b"\x01"
_LONGEST = 600
_MESSAGE = ">qiq"
_REFERENCE = 60


def make(use: str, *said: str | int) -> str:
    """A token for one use (`unsubscribe`); tokens of another use are none of it."""
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = _VERSION + _cipher().encrypt(body, [use.encode()])
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(use: str, token: str) -> list[Any] | None:
    """What the token says; None for one that is not ours, or for another use."""
    if not token or len(token) > _LONGEST or not token.isascii():
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
    that whoever knows it carried or received the mail.
    """
    return _sealed(b"bounce", subject_id, controller_id, message_id)


def message_of(token: str) -> tuple[int, int, int] | None:
    """(subject, controller, message) that a `reference` names; None for one that is not ours."""
    return _opened(b"message", token)


def returned_message_of(token: str) -> tuple[int, int, int] | None:
    """(subject, controller, message) that a `return_path` names; None for one that is not ours."""
    return _opened(b"bounce", token)


def _sealed(use: bytes, subject_id: int, controller_id: int, message_id: int) -> str:
    body = struct.pack(_MESSAGE, subject_id, controller_id, message_id)
    return b32encode(_VERSION + _cipher().encrypt(body, [use])).rstrip(b"=").decode().lower()


def _opened(use: bytes, token: str) -> tuple[int, int, int] | None:
    if len(token) != _REFERENCE or not token.isascii():
        return None
    try:
        sealed = b32decode(token.upper() + "=" * (-len(token) % 8))
        body = _cipher().decrypt(sealed[1:], [use]) if sealed[:1] == _VERSION else b""
        subject, controller, message = struct.unpack(_MESSAGE, body)
    except (Error, ValueError, InvalidTag, struct.error):
        return None
    return subject, controller, message


def _cipher() -> AESSIV:
    return AESSIV(secret("message_tokens", 64)[:64])
