"""Web push: a short notice to a browser through the push service it has chosen (B6; RFC 8030, 8188, 8291, 8292).

What is sent is who it is from, one sentence that says nothing of the person, and where to read: never the message. It
is encrypted for the browser, so the push service sees addresses, sizes and times only. It runs on `cryptography` and
PyJWT; the encryption is held by the example of RFC 8291. The installation says who answers for it,
`TILLIT_WEB_PUSH=mailto:…`; without it nothing leaves by push.

A browser names the address to send to, so hosts other than the push services of `TILLIT_PUSH_HOSTS` are refused: nobody
makes the server call where they want.
"""

import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from tillit.disclosure.outward import opened
from tillit.kernel import clock
from tillit.messages import push
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import TransportError
from tillit.messages.templates import template
from tillit.platform.secrets import secret

TIMEOUT = 10.0
HINT = "push_hint"
GONE = frozenset({404, 410})
"""What a push service answers for a subscription that is no more (RFC 8030 7.3)."""
_LIVES = timedelta(days=3)
_RECORD = 4096
_ADDRESS = re.compile("[!-~]+")
"""Printable ASCII without blanks (RFC 3986 2)."""
_CURVE = ec.SECP256R1()


class WebPush:
    """Every browser in which the person has switched notices on."""

    def ready(self) -> bool:
        """Whether somebody answers for what is pushed."""
        return bool(settings.WEB_PUSH_CONTACT)

    def abroad(self) -> bool:
        """True unless every push service is on this machine."""
        return not all(host in {"localhost", "127.0.0.1"} for host in settings.PUSH_HOSTS)

    def send(self, envelope: Envelope) -> None:
        """Push a hint to each browser. It counts as sent when one took it; subscriptions that are gone are removed."""
        browsers = push.opened(envelope.to)
        body = _hint(envelope)
        outcomes = {one: _push(one, body) for one in browsers}
        gone = [one for one, status in outcomes.items() if status in GONE]
        push.gone(browsers=gone, at=clock.now())
        if any(200 <= status < 300 for status in outcomes.values()):
            return
        if len(gone) == len(browsers):
            raise TransportError("subscription-gone", "no browser takes notices any more", permanent=True)
        permanent = all(400 <= status < 500 and status not in {401, 403, 408, 429} for status in outcomes.values())
        answered = all(outcomes.values())
        raise TransportError("push-refused", "no push service took the notice", permanent=permanent, answered=answered)


def application_key() -> str:
    """The public key that browsers subscribe with (RFC 8292), base64url of the uncompressed point."""
    point = _private().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _text(point)


def is_push_service(endpoint: str) -> bool:
    """Whether the address is one of a push service the installation knows: https, but on this machine.

    It is written in the signs of an address, and nothing else.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not _ADDRESS.fullmatch(endpoint):
        return False
    local = host in {"localhost", "127.0.0.1"}
    known = any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in settings.PUSH_HOSTS)
    return known and not parts.username and (local or (parts.scheme == "https" and port in {None, 443}))


def encrypted(body: bytes, *, p256dh: str, auth: str, salt: bytes, sender: ec.EllipticCurvePrivateKey) -> bytes:
    """`body` for one browser, as one record of the content coding aes128gcm (RFC 8291 3.4, RFC 8188)."""
    browser, shared_secret = bytes_of(p256dh), bytes_of(auth)
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, browser)
    own = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    agreed = sender.exchange(ec.ECDH(), receiver)
    info = b"WebPush: info\x00" + browser + own
    key = HKDF(SHA256(), 32, shared_secret, info).derive(agreed)
    content = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(key)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(key)
    head = salt + _RECORD.to_bytes(4, "big") + bytes([len(own)]) + own
    return head + AESGCM(content).encrypt(nonce, body + b"\x02", None)


def bytes_of(text: str) -> bytes:
    """The bytes of base64url with or without padding. Raises `ValueError`."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _hint(envelope: Envelope) -> bytes:
    words = template(HINT, envelope.language)
    said = {"title": envelope.sender.name, "body": words.paragraphs[0]}
    return json.dumps(said, ensure_ascii=False).encode()


def _push(browser: push.Browser, body: bytes) -> int:
    """The push service's status; 0 when it does not answer, 404 for keys that no browser made."""
    if not is_push_service(browser.endpoint):
        return 404
    at = urlsplit(browser.endpoint)
    try:
        fresh = ec.generate_private_key(_CURVE)
        sealed = encrypted(body, p256dh=browser.p256dh, auth=browser.auth, salt=os.urandom(16), sender=fresh)
    except ValueError:
        return 404
    heads = {
        "TTL": str(int(_LIVES.total_seconds())),
        "Urgency": "normal",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Authorization": f"vapid t={_token(f'{at.scheme}://{at.netloc}')}, k={application_key()}",
    }
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    link = kind(at.hostname or "", at.port, timeout=TIMEOUT)
    try:
        with opened("push"):
            link.request("POST", at.path + (f"?{at.query}" if at.query else ""), sealed, heads)
            return link.getresponse().status
    except (OSError, HTTPException):
        return 0
    except ValueError:  # an address that cannot be asked for
        return 404
    finally:
        link.close()


def _token(audience: str) -> str:
    """Who pushes, for one push service and twelve hours (RFC 8292 2)."""
    claims: dict[str, Any] = {
        "aud": audience,
        "exp": int((clock.now() + timedelta(hours=12)).timestamp()),
        "sub": settings.WEB_PUSH_CONTACT,
    }
    return jwt.encode(claims, _private(), algorithm="ES256")


@cache
def _private() -> ec.EllipticCurvePrivateKey:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2)
    return ec.derive_private_key(1 + int.from_bytes(secret("web_push", 48)) % (order - 1), _CURVE)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
