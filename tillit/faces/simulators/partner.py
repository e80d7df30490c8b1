"""A partner and a supplier that speak our protocol (docs/services.md): says who is entitled, is told whom it serves.

A customer number that ends in an even digit is entitled to everything. `GET /had` lists what came, by reference.
"""

import json
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from tillit.faces.simulators.serving import JsonCall

_ASKED = {"reference", "product", "customer_number"}


class Partner(ThreadingHTTPServer):
    """The partner. `token`: what the site must show."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.lock = token, threading.Lock()
        self.had: dict[str, dict[str, Any]] = {}


class _Call(JsonCall):
    server: Partner

    def do_GET(self) -> None:
        """What came."""
        with self.server.lock:
            return self.answer(200 if self.path == "/had" else 404, self.server.had)

    def do_POST(self) -> None:
        """A question, or a customer to serve."""
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if not self.has_token():
            return self.answer(401, {})
        if self.path == "/entitlements/check" and set(said) != _ASKED:
            return self.answer(400, {"code": "malformed"})
        with self.server.lock:
            self.server.had.setdefault(said["reference"], {**said, "path": self.path})
        if self.path == "/entitlements/check":
            return self.answer(200, {"entitled": said["customer_number"][-1:] in set("02468")})
        return self.answer(202 if self.path == "/customers" else 404, {"reference": said["reference"]})
