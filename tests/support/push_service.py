"""A push service on a real socket, and browsers that decrypt what it gets (RFC 8030, 8291, 8292)."""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    """HKDF of one block, written out from RFC 5869: not the code under test."""

    def mac(key: bytes, data: bytes) -> bytes:
        made = HMAC(key, SHA256())
        made.update(data)
        return made.finalize()

    return mac(mac(salt, material), info + b"\x01")[:length]


@dataclass
class Browser:
    """A browser with its own keys."""

    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self) -> dict[str, str]:
        """What a page sends to the site."""
        return {"endpoint": self.endpoint, "p256dh": text_of(self.point()), "auth": text_of(self.auth)}

    def decrypt(self, body: bytes) -> bytes:
        """What was pushed to it. Raises when it is for somebody else."""
        salt, size = body[:16], body[20]
        sender = body[21 : 21 + size]
        agreed = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        material = hkdf(self.auth, agreed, b"WebPush: info\x00" + self.point() + sender, 32)
        key = hkdf(salt, material, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = hkdf(salt, material, b"Content-Encoding: nonce\x00", 12)
        return AESGCM(key).decrypt(nonce, body[21 + size :], None).rstrip(b"\x00").removesuffix(b"\x02")


@dataclass
class Pushed:
    """One call that the service got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Takes notices, at addresses of its own; answers 410 for those in `gone`, `status` for all others."""

    address: str
    taken: list[Pushed] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    status: int = 201

    def browser(self, name: str) -> Browser:
        return Browser(f"{self.address}/push/{name}")

    def shown(self, browser: Browser) -> list[dict[str, Any]]:
        """The notices that the browser would show."""
        return [json.loads(browser.decrypt(one.body)) for one in self.taken if browser.endpoint.endswith(one.path)]


def claims(authorization: str, audience: str) -> dict[str, Any]:
    """What the VAPID token says, verified with the key beside it."""
    parts = dict(part.strip().split("=", 1) for part in authorization.removeprefix("vapid ").split(","))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(parts["k"]))
    said: dict[str, Any] = jwt.decode(
        parts["t"], key, algorithms=["ES256"], audience=audience, options={"verify_exp": False}
    )
    return said | {"k": parts["k"]}


@contextmanager
def push_service() -> Iterator[PushService]:
    """The service, running on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.taken.append(Pushed(self.path, dict(self.headers), body))
            self.send_response(410 if self.path.rpartition("/")[2] in made.gone else made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = PushService(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
