"""A reservation register that speaks our protocol (docs/registers.md), over a real socket, about nobody real.

`POST /play`: `{"reserved": [value, …]}` says which numbers or addresses are reserved, `{"fail": [503, "garbage"]}` what
becomes of the next calls. `GET /asked` lists what was asked.
"""

import json
from http.server import ThreadingHTTPServer
from typing import Any

from tillit.faces.simulators.serving import JsonCall

_LARGEST = 8 << 20


class ReservationRegister(ThreadingHTTPServer):
    """The register. `token`: what must be shown."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token = token
        self.reserved: set[str] = set()
        self.faults: list[Any] = []
        self.asked: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        """How the installation names it."""
        return f"http://{self.token}@127.0.0.1:{self.server_port}"


class _Call(JsonCall):
    server: ReservationRegister

    def do_GET(self) -> None:
        if not self.has_token() or self.path != "/asked":
            return self.answer(401 if not self.has_token() else 404, {})
        return self.answer(200, self.server.asked)

    def do_POST(self) -> None:
        if not self.has_token():
            return self.answer(401, {})
        body = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length", "0")), _LARGEST)) or b"{}")
        if self.path == "/play":
            self.server.reserved |= set(body.get("reserved", []))
            self.server.faults += body.get("fail", [])
            return self.answer(200, {})
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "garbage":
            return self.send(200, b"<html>")
        if isinstance(fault, int):
            return self.answer(fault, {})
        self.server.asked.append(body)
        found = [
            one["reference"]
            for one in body.get("people", [])
            if self.server.reserved & {value for key, value in one.items() if key != "reference"}
        ]
        return self.answer(200, {"reserved": found})
