"""A partner and a supplier that speak our protocol (docs/services.md): says who is entitled, is told whom it serves.

A customer number that ends in an even digit is entitled to everything. `GET /had` lists what came, by reference, and
how often. `POST /play` `{"fail": ["busy", …]}` says what becomes of the next customers it is told of (`lost`: it takes
it, and the answer never arrives; `silent`: it neither takes nor answers; `refused`: it says no, with a code; `twice`:
it takes it, and answers twice; `slow`: it answers after a minute). `POST /forget` begins anew.
`DELETE /customers/{reference}` takes away what is over; `GET /over` lists those, and how often each was taken away.
"""

import json
import threading
import time
from contextlib import suppress
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
        self.over: dict[str, int] = {}
        self.faults: list[str] = []

    def take(self, said: dict[str, Any], path: str) -> None:
        """Note what came, once a reference."""
        with self.lock:
            one = self.had.setdefault(said["reference"], {**said, "path": path, "times": 0})
            one["times"] += 1


class _Call(JsonCall):
    server: Partner

    def do_GET(self) -> None:
        """What came; or whether it has one customer."""
        if self.path == "/had":
            with self.server.lock:
                return self.answer(200, self.server.had)
        if self.path == "/over":
            with self.server.lock:
                return self.answer(200, self.server.over)
        if not self.has_token():
            return self.answer(401, {})
        known = self.path.removeprefix("/customers/") in self.server.had
        return self.answer(200 if known else 404, {})

    def do_DELETE(self) -> None:
        """A customer it serves no more; it may fail as those it is told of."""
        if not self.has_token():
            return self.answer(401, {})
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "busy":
            return self.answer(503, {})
        reference = self.path.removeprefix("/customers/")
        with self.server.lock:
            known = self.server.had.pop(reference, None)
            if known:
                self.server.over[reference] = self.server.over.get(reference, 0) + 1
        if fault == "lost":
            self.close_connection = True
            return None
        return self.answer(200 if known else 404, {})

    def do_POST(self) -> None:
        """A question, or a customer to serve; or how the next customers fail."""
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path == "/forget":
            self.server.had, self.server.over, self.server.faults = {}, {}, []
            return self.answer(200, {})
        if self.path == "/play":
            self.server.faults += said["fail"]
            return self.answer(200, {})
        if not self.has_token():
            return self.answer(401, {})
        if self.path == "/customers":
            return self._customer(said)
        if self.path != "/entitlements/check" or set(said) != _ASKED:
            return self.answer(400, {"code": "malformed"})
        self.server.take(said, self.path)
        return self.answer(200, {"entitled": said["customer_number"][-1:] in set("02468")})

    def _customer(self, said: dict[str, Any]) -> None:
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "busy":
            return self.answer(503, {})
        if fault == "refused":
            return self.answer(422, {"code": "unknown-area"})
        if fault != "silent":
            self.server.take(said, self.path)
        if fault == "slow":
            time.sleep(60)
        if fault in {"lost", "silent"}:
            self.close_connection = True
            return None
        if fault == "twice":
            self.answer(202, {"reference": said["reference"]})
        with suppress(BrokenPipeError):  # who waited no longer
            self.answer(202, {"reference": said["reference"]})
        return None
