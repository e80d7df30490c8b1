"""An insurer or broker that speaks our protocol (docs/services.md): takes what it is told of claims, each once.

`POST /play` `{"fail": ["busy", "lost", "silent"]}` says what becomes of the next calls (`lost`: it takes it, and the
answer never arrives; `silent`: it neither takes nor answers). `GET /told` lists what it has and how often it came.
"""

import json
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from tillit.faces.simulators.serving import JsonCall

_NEEDED = {"reference", "about", "disclosure", "name", "insurance_cover"}


class Insurer(ThreadingHTTPServer):
    """The insurer. `token`: what the site must show."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.lock = token, threading.Lock()
        self.told: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []


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

    def do_POST(self) -> None:
        """A claim, or what was decided of one; or how the next calls fail."""
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path == "/play":
            self.server.faults += said["fail"]
            return self.answer(200, {})
        if not self.has_token():
            return self.answer(401, {})
        if self.path != "/claims" or not set(said) >= _NEEDED:
            return self.answer(400, {"code": "malformed"})
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
