"""The secrets that sign webhooks, sealed at rest: one in use, and the one before it for a day after a rotation."""

import base64
import json
import os
import secrets
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.kernel import clock
from tillit.platform.secrets import secret

OVERLAP = timedelta(days=1)
_NONCE, _BYTES = 12, 32


def new() -> str:
    """A fresh secret as Standard Webhooks writes it: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def seal(*, public: str, now: str, before: str = "") -> bytes:
    """Both for the row of the endpoint `public`."""
    nonce = os.urandom(_NONCE)
    until = (clock.now() + OVERLAP).isoformat() if before else ""
    body = json.dumps({"now": now, "before": before, "until": until}).encode()
    return nonce + _cipher().encrypt(nonce, body, public.encode())


def opened(*, public: str, sealed: bytes | memoryview) -> list[str]:
    """The secrets that count now, the one in use first."""
    raw = bytes(sealed)
    held = json.loads(_cipher().decrypt(raw[:_NONCE], raw[_NONCE:], public.encode()))
    both = bool(held["before"]) and clock.now() < datetime.fromisoformat(held["until"])
    return [held["now"], *([held["before"]] if both else [])]


def _cipher() -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tillit webhook secrets").derive(secret("api_keys"))
    return AESGCM(key)
