"""A card issuer, or mobile operator, that speaks our protocol (docs/services.md): takes orders to block, and answers.

What it does is told from the last digit but one of the number: 0 it rejects; 1 it takes and never answers, and says
`confirmed` when asked; 2 it takes, works on until asked twice, and then confirms; 3 it is out of order the first time;
4 it confirms, and the answer is lost. Any other it confirms. The same reference again is the same order.
`GET /orders` lists what came, with how often; of a number its last four alone are kept.
"""

import json
import threading
import time
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tillit.faces.simulators.serving import JsonCall

_NEEDED = {"reference", "kind", "name", "number", "disclosure"}


class Issuer(ThreadingHTTPServer):
    """The issuer. `token`: what the site must show; `slow`: seconds after which it answers what it never answers."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str, slow: float = 60) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.slow = token, slow
        self.orders: dict[str, dict[str, Any]] = {}
        self.broken: set[str] = set()
        self.lock = threading.Lock()

    def take(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """An order: status and answer; 0 for a connection that is cut."""
        if set(said) != _NEEDED or not all(isinstance(value, str) and value for value in said.values()):
            return 400, {"code": "order-malformed"}
        how = said["number"][-2]
        with self.lock:
            if how == "3" and said["reference"] not in self.broken:
                self.broken.add(said["reference"])
                return 503, {"code": "busy"}
            order = self.orders.setdefault(
                said["reference"],
                {"last_four": said["number"][-4:], "kind": said["kind"], "name": said["name"], "times": 0, "asked": 0},
            )
            order["times"] += 1
            order.setdefault("confirmation", f"B-{uuid4().hex[:8]}")
            order["how"] = how
        if how == "1":
            time.sleep(self.slow)
        if how == "4" and order["times"] == 1:
            return 0, {}
        return self.told(order)

    def told(self, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """How an order stands."""
        if order["how"] == "0":
            return 422, {"status": "rejected", "code": "number-unknown"}
        if order["how"] == "2" and order["asked"] < 2:
            return 202, {"status": "accepted"}
        return 200, {"status": "confirmed", "confirmation": order["confirmation"]}

    def asked(self, reference: str) -> tuple[int, dict[str, Any]]:
        """What became of an order."""
        with self.lock:
            order = self.orders.get(reference)
            if order is None:
                return 404, {"code": "order-unknown"}
            order["asked"] += 1
        return self.told(order)


class _Call(JsonCall):
    server: Issuer

    def do_GET(self) -> None:
        """What came, or what became of one order."""
        if self.path == "/orders":
            with self.server.lock:
                return self.answer(200, self.server.orders)
        if not self.has_token():
            return self.answer(401, {"code": "token"})
        return self.answer(*self.server.asked(self.path.rsplit("/", 1)[-1]))

    def do_POST(self) -> None:
        """An order from the site."""
        try:
            said = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65536)))
        except ValueError:
            return self.answer(400, {"code": "body-unreadable"})
        if not self.has_token():
            return self.answer(401, {"code": "token"})
        return self.answer(*self.server.take(said))

    def answer(self, status: int, said: Any, heads: Mapping[str, str] | None = None) -> None:
        """Status 0: none, and the connection closes."""
        if not status:
            self.close_connection = True
            self.connection.close()
            return
        super().answer(status, said, heads)
