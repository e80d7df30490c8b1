"""What a leaf and a link are made of. Pure functions: bytes in, 32 bytes out.

Everything is HMAC-SHA256 under the audit key, each kind of message with its own prefix, so that one can never pass for
another. A leaf covers every column of the event but its row state. JSON with sorted keys is the canonical form; moments
are whole microseconds since 1970, since a text form would depend on the server's settings.
"""

import hmac
import json
import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from tillit.platform import secrets

FIRST_PREVIOUS = bytes(32)
_LEAF, _LINK, _HEAD = b"tillit.audit.leaf.1\0", b"tillit.audit.link.1\0", b"tillit.audit.head.1\0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = struct.Struct(">iqqh")


class Content(NamedTuple):
    """An event as the chain sees it, in the column order of the SQL functions. `details` is JSON text."""

    event_id: int
    subject_id: int
    controller_id: int
    xact: int
    at: datetime | None
    recorded_at: datetime
    actor_kind: str
    actor_ref: str
    activity: str
    type: str
    batch: int | None
    details: str
    salt: bytes


def current_key_version() -> int:
    """The version new links are made with (setting ``TILLIT_AUDIT_KEY_VERSION``)."""
    return int(settings.TILLIT_AUDIT_KEY_VERSION)


@cache
def key(version: int) -> bytes:
    """The audit key of a version: the secret ``audit``, later ones ``audit_2`` … Old ones are kept, to verify.

    Raises `KeyError` for a version that was never in use, so that a forged link makes no key.
    """
    if not 1 <= version <= current_key_version():
        raise KeyError(version)
    return secrets.secret("audit" if version == 1 else f"audit_{version}")


def leaf(secret: bytes, content: Content) -> bytes:
    """The keyed hash of an event: salt, then every column."""
    body: list[Any] = [
        content.event_id,
        content.subject_id,
        content.controller_id,
        content.xact,
        None if content.at is None else micros(content.at),
        micros(content.recorded_at),
        content.actor_kind,
        content.actor_ref,
        content.activity,
        content.type,
        content.batch,
        json.loads(content.details, parse_float=_exactly),
    ]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    salt = content.salt
    return hmac.digest(secret, _LEAF + len(salt).to_bytes(4) + salt + text.encode(), "sha256")


def link(
    secret: bytes, *, controller: int, seq: int, linked_at: datetime, key_version: int, previous: bytes, leaf: bytes
) -> bytes:
    """The hash of a link: its place and time, its predecessor's hash and its leaf."""
    place = _PLACE.pack(controller, seq, micros(linked_at), key_version)
    return hmac.digest(secret, _LINK + place + previous + leaf, "sha256")


def head_mac(secret: bytes, line: str) -> str:
    """What vouches for one line of a file of published heads, in hex."""
    return hmac.digest(secret, _HEAD + line.encode(), "sha256").hex()


def _exactly(number: str) -> str:
    """A number with decimals as it was written; no event has one, and no JSON text in PostgreSQL holds a NUL."""
    return f"\0{number}"


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970-01-01 UTC."""
    return (moment - _EPOCH) // _MICROSECOND
