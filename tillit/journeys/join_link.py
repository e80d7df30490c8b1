"""The link that a person who sends the keyword by SMS gets back (C1): it opens the form with the number known.

Nothing is stored. The link carries the number encrypted under a key of the installation (AES-256-GCM), for one
controller and one day, so that the address of the page says nothing, and opening it shows that the SMS was read.
"""

import base64
import binascii
import os
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.platform.secrets import secret

LIVES = timedelta(days=1)
_NONCE = 12


def make(*, controller: Controller, number: str) -> str:
    """The token for a number (E.164) that has asked to join the controller."""
    nonce = os.urandom(_NONCE)
    until = int((clock.now() + LIVES).timestamp())
    body = f"{until:x}:{number}".encode()
    return base64.urlsafe_b64encode(nonce + _cipher().encrypt(nonce, body, _for(controller))).decode().rstrip("=")


def opened(*, controller: Controller, token: str) -> str | None:
    """The number; None for what is none of ours, another controller's, or too old."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        body = _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], _for(controller)).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return None
    until, _, number = body.partition(":")
    return number if clock.now() < datetime.fromtimestamp(int(until, 16), UTC) else None


def _for(controller: Controller) -> bytes:
    return f"join:{controller.pk}".encode()


def _cipher() -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tillit join link").derive(secret("sign_in"))
    return AESGCM(key)
