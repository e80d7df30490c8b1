"""Signed by one installation, sealed for another: what a package needs that travels between controllers (H6, H18).

An installation has one Ed25519 key to sign and one X25519 key to be written to; both come from its secret `envelope`.
A sealed message is an ephemeral X25519 key, a nonce and AES-256-GCM under HKDF-SHA256 of the shared secret (RFC 7748,
8032, 5869). A key's fingerprint is what two people compare by telephone before they trust it.
"""

import base64
import binascii
import hashlib
import json
import os
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.platform.secrets import secret
from tillit.privacy.errors import PackageError

_NONCE = 12


def text(raw: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(raw).decode()


def raw(written: str) -> bytes:
    """The bytes again. Raises `PackageError` for what is not base64."""
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise PackageError("package-unreadable", "a key or signature is not base64") from None


def signing_key() -> str:
    """The public key that this installation signs with."""
    return text(_signer().public_key().public_bytes_raw())


def sealing_key() -> str:
    """The public key that others seal for this installation with."""
    return text(_opener().public_key().public_bytes_raw())


def fingerprint(key: str) -> str:
    """A public key in eight groups of four, to be read aloud and compared."""
    digest = hashlib.sha256(raw(key)).hexdigest()[:32]
    return " ".join(digest[n : n + 4] for n in range(0, 32, 4))


def canonical(said: dict[str, Any]) -> bytes:
    """The one way of writing it down that signatures are made of: sorted keys, no spaces, UTF-8; no `signature`."""
    kept = {key: value for key, value in said.items() if key != "signature"}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign(said: dict[str, Any]) -> str:
    """The signature of this installation."""
    return text(_signer().sign(canonical(said)))


def verify(said: dict[str, Any], *, key: str, signature: str) -> None:
    """Raise `PackageError` `not-signed` unless `key` signed exactly this."""
    try:
        Ed25519PublicKey.from_public_bytes(raw(key)).verify(raw(signature), canonical(said))
    except (InvalidSignature, ValueError):
        raise PackageError(
            "not-signed", "the signature does not fit: it was changed, or somebody else wrote it"
        ) from None


def seal(body: bytes, *, key: str) -> bytes:
    """`body` for the owner of the sealing key `key`, and nobody else."""
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(raw(key)))
    nonce = os.urandom(_NONCE)
    public = ephemeral.public_key().public_bytes_raw()
    return public + nonce + AESGCM(_derive(shared, public)).encrypt(nonce, body, public)


def open_sealed(message: bytes) -> bytes:
    """What was sealed for this installation. Raises `PackageError` `not-for-us` for anything else."""
    public, nonce, body = message[:32], message[32 : 32 + _NONCE], message[32 + _NONCE :]
    try:
        shared = _opener().exchange(X25519PublicKey.from_public_bytes(public))
        return AESGCM(_derive(shared, public)).decrypt(nonce, body, public)
    except (InvalidTag, ValueError):
        raise PackageError("not-for-us", "this was not sealed for this installation, or it was damaged") from None


def ticket(said: dict[str, Any]) -> str:
    """A note to ourselves that only we can write and read."""
    nonce = os.urandom(_NONCE)
    return text(nonce + AESGCM(_own(b"ticket")).encrypt(nonce, canonical(said), None))


def read_ticket(written: str) -> dict[str, Any]:
    """The note again. Raises `PackageError` `no-invitation` when we did not write it."""
    message = raw(written)
    try:
        said: dict[str, Any] = json.loads(AESGCM(_own(b"ticket")).decrypt(message[:_NONCE], message[_NONCE:], None))
    except (InvalidTag, ValueError):
        raise PackageError("no-invitation", "this installation did not ask for it") from None
    return said


def _own(purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"tillit envelope " + purpose).derive(secret("envelope"))


def _derive(shared: bytes, public: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=public, info=b"tillit package").derive(shared)


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_own(b"sign"))


def _opener() -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(_own(b"open"))
