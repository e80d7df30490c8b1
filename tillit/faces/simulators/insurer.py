"""An insurer or broker that speaks our protocol (docs/services.md): takes what it is told of claims, each once.

Files come sealed for its certificate: it opens each, compares it with its digest and keeps neither.

`POST /play` `{"fail": ["busy", "lost", "silent"]}` says what becomes of the next calls (`lost`: it takes it, and the
answer never arrives; `silent`: it neither takes nor answers). `GET /told` lists what it has and how often it came.
"""

import base64
import hashlib
import json
import threading
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der

from tillit.faces.simulators.serving import JsonCall
from tillit.kernel import clock

_NEEDED = {"reference", "about", "disclosure", "name", "insurance_cover"}


class Insurer(ThreadingHTTPServer):
    """The insurer. `token`: what the site must show; `certificate`: where it writes its own, made as it begins."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.key = rsa.generate_private_key(65537, 2048) if certificate else None
        self.certificate = _certificate(self.key) if self.key else None
        if certificate and self.certificate:
            certificate.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        self.token, self.lock = token, threading.Lock()
        self.told: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []

    def opened(self, said: dict[str, Any]) -> dict[str, Any] | None:
        """What it keeps of a file; None for one that it cannot open, or that is another."""
        told = said["insurance_claim"]
        if self.key is None or self.certificate is None:
            return None
        body = pkcs7_decrypt_der(base64.b64decode(told["sealed"]), self.certificate, self.key, [])
        if hashlib.sha256(body).hexdigest() != told["sha256"]:
            return None
        return said | {"insurance_claim": {**told, "sealed": "", "bytes": len(body)}}


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "insurer.example")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    now = clock.now()
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    return made.not_valid_after(now + timedelta(days=30)).sign(key, hashes.SHA256())


class _Call(JsonCall):
    server: Insurer

    def do_GET(self) -> None:
        """What it has; or whether it has one thing."""
        if self.path == "/told":
            with self.server.lock:
                return self.answer(200, self.server.told)
        if not self.has_token():
            return self.answer(401, {})
        known = self.path.removeprefix("/claims/") in self.server.told
        return self.answer(200 if known else 404, {})

    def do_POST(self) -> None:  # noqa: PLR0911 (an answer a return)
        """A claim, or what was decided of one; or how the next calls fail."""
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path == "/play":
            self.server.faults += said["fail"]
            return self.answer(200, {})
        if not self.has_token():
            return self.answer(401, {})
        if self.path != "/claims" or not set(said) >= _NEEDED:
            return self.answer(400, {"code": "malformed"})
        if said["about"] == "file":
            kept = self.server.opened(said)
            if kept is None:
                return self.answer(422, {"code": "file"})
            said = kept
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "busy":
            return self.answer(503, {})
        if fault != "silent":
            with self.server.lock:
                one = self.server.told.setdefault(said["reference"], {**said, "times": 0})
                one["times"] += 1
        if fault in {"lost", "silent"}:
            self.close_connection = True
            return None
        return self.answer(200, {"reference": said["reference"]})
