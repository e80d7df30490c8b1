"""A card network that says whose a card is (docs/ownership.md), over a real socket: for trials and tests.

What it says is told from the number's last digit but one: 7 is denied, 8 cannot be told, 9 is not answered in time; any
other is confirmed, with its PAR. `GET /asked` tells how often it was asked; it keeps no number.
"""

import hashlib
import json
import time
from http.server import ThreadingHTTPServer

from tillit.faces.simulators.serving import JsonCall

_LARGEST = 1 << 16
_SLOW = 10


class CardNetwork(ThreadingHTTPServer):
    """The network. `token`: what must be shown."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.count = token, 0

    @property
    def address(self) -> str:
        """How the installation names it."""
        return f"http://{self.token}@127.0.0.1:{self.server_port}/ownership"


def par_of(number: str) -> str:
    """The PAR of a number: the same each time, and nobody's."""
    return f"V001{int(hashlib.sha256(number.encode()).hexdigest(), 16) % 10**25:025d}"


class _Call(JsonCall):
    server: CardNetwork

    def do_GET(self) -> None:
        """How often it was asked."""
        self.answer(200, {"asked": self.server.count})

    def do_POST(self) -> None:
        """Whose is this number?"""
        number = str(json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST)))["number"])
        if not self.has_token():
            return self.answer(401, {})
        self.server.count += 1
        match number[-2:-1]:
            case "7":
                self.answer(200, {"ownership": "denied"})
            case "8":
                self.answer(503, {})
            case "9":
                time.sleep(_SLOW)
            case _:
                self.answer(200, {"ownership": "confirmed", "par": par_of(number)})
