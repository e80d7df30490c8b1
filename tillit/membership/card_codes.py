"""The codes a membership card shows (B2): made anew every half minute, on the phone, also without a network.

A code says to the verifier which card and which half minute, and to everybody else nothing: two codes of one card have
nothing in common, so whoever collects codes cannot tell whose they are, nor that two are the same member's (ADR 12).

    version 1 │ ephemeral P-256 point, compressed 33 │ AES-256-GCM of ( subject 8 │ card 8 │ step 4 │ mac 16 ), tag 16

in unpadded URL-safe base64. The sealing key is HKDF-SHA-256 of the ECDH secret with the verifier's public key, used
once, so its nonce is zero. `mac` is the first half of HMAC-SHA-256 over the 20 bytes before it, under the card's own
key, which the phone holds and which is made here again from the card's random nonce and a secret that is not in the
database. A step is 30 seconds of Unix time.
"""

import base64
import binascii
import hmac
import re
import struct
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.platform.secrets import secret

STEP_SECONDS = 30
VERSION = 1
INFO = b"tillit membership card 1"
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_POINT, _INNER = 33, struct.Struct(">qqI16s")
_LENGTH = 1 + _POINT + _INNER.size + 16
_FORM = re.compile(r"[A-Za-z0-9_-]{115}\Z")
_ONCE = bytes(12)


@dataclass(frozen=True)
class Shown:
    """What a code says: which card of whom, in which step, and the mac that only the card's key makes."""

    subject_id: int
    card_id: int
    step: int
    mac: bytes


def card_key(*, nonce: UUID) -> bytes:
    """The key of a card, 32 bytes: what its phone holds. Made from the card's nonce, never stored here."""
    info = b"tillit membership card key " + nonce.bytes
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret("membership_cards"))


def public_key() -> bytes:
    """The point codes are sealed to, uncompressed, 65 bytes: the same for every card, so it tells nobody apart."""
    return (
        _private().public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )


def make(*, subject_id: int, card_id: int, key: bytes, step: int) -> str:
    """The code a card shows in `step`: 115 characters, another one each time it is made."""
    ephemeral = ec.generate_private_key(_CURVE)
    point = ephemeral.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    inner = _INNER.pack(subject_id, card_id, step, bytes(16))[:20]
    sealing = _sealing(ephemeral.exchange(ec.ECDH(), _private().public_key()))
    sealed = AESGCM(sealing).encrypt(_ONCE, inner + mac_of(inner, key), None)
    return base64.urlsafe_b64encode(bytes([VERSION]) + point + sealed).decode().rstrip("=")


def read(text: str) -> Shown | None:
    """What a code says, None for anything that is not a code of this installation. Its mac is not judged here."""
    found = text.strip().rpartition("#")[2]  # a camera gives the whole address
    if not _FORM.match(found):
        return None
    try:
        raw = base64.urlsafe_b64decode(found + "=")
        if len(raw) != _LENGTH or raw[0] != VERSION:
            return None
        point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, raw[1 : 1 + _POINT])
        inner = AESGCM(_sealing(_private().exchange(ec.ECDH(), point))).decrypt(_ONCE, raw[1 + _POINT :], None)
    except (ValueError, binascii.Error, InvalidTag):
        return None
    return Shown(*_INNER.unpack(inner))


def genuine(*, shown: Shown, nonce: UUID) -> bool:
    """Whether the code was made with the key of the card that has `nonce`."""
    inner = _INNER.pack(shown.subject_id, shown.card_id, shown.step, bytes(16))[:20]
    return hmac.compare_digest(shown.mac, mac_of(inner, card_key(nonce=nonce)))


def mac_of(inner: bytes, key: bytes) -> bytes:
    """The first 16 bytes of HMAC-SHA-256 over subject, card and step."""
    return hmac.digest(key, inner, "sha256")[:16]


def reference(*, subject_id: int, card_id: int) -> bytes:
    """The 16 bytes by which a phone names its card inside the sealed part."""
    return struct.pack(">qq", subject_id, card_id)


@cache
def _private() -> ec.EllipticCurvePrivateKey:
    made = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=INFO + b" seal").derive(
        secret("membership_cards")
    )
    return ec.derive_private_key(int.from_bytes(made) % (_ORDER - 1) + 1, _CURVE)


def _sealing(shared: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=INFO).derive(shared)
