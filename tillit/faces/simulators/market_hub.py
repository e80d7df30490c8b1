"""A market hub that speaks our protocol (docs/market-hub.md), over a real socket, about points that are nobody's.

A request is confirmed, or rejected where `POST /play` said so; then `{"carry": true}` has every confirmed start and end
notified. `{"reject": {point: reason}}`, `{"slow": [point]}` (confirmed by message), `{"messages": [message]}`
adds messages of its own; `{"fail": [429, 503, "garbage", "silence", "cut", "lost"]}` is what becomes of the next calls:
`lost` does what was asked, and the answer does not arrive. `GET /asked` lists what it was sent.
"""

import json
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from tillit.faces.simulators.serving import JsonCall

_LARGEST, _PAGE = 1 << 20, 500
_START, _END = "RequestStartOfSupply", "RequestEndOfSupply"


class MarketHub(ThreadingHTTPServer):
    """The hub. `token`: what a supplier must show. One reference is one request, however often it is sent."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token = token
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.clear()

    def clear(self) -> None:
        """As on the first day."""
        self.requests: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.times: dict[str, int] = {}
        self.messages: list[dict[str, Any]] = []
        self.rejects: dict[str, str] = {}
        self.slow: set[str] = set()
        self.told: set[str] = set()
        self.faults: list[Any] = []

    @property
    def address(self) -> str:
        """How the installation names it."""
        return f"http://{self.token}@127.0.0.1:{self.server_port}"

    def play(self, said: dict[str, Any]) -> None:
        """Change what it does."""
        with self.lock:
            self.faults += said.get("fail", [])
            self.rejects |= said.get("reject", {})
            self.slow |= set(said.get("slow", []))
            for one in said.get("messages", []):
                self._say(one)
            if said.get("carry"):
                self._carry(said.get("meterReading"), said.get("characteristics", {}))

    def take(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A request: its answer, the same each time it comes."""
        header, payload = body["header"], body["payload"]
        reference, point = header["identification"], payload["meteringPointId"]
        with self.lock:
            self.times[reference] = self.times.get(reference, 0) + 1
            if reference not in self.requests:
                self.requests[reference] = body
                noun = header["message"].removeprefix("Request")
                reason = self.rejects.get(point, "")
                said = {"message": ("Reject" if reason else "Confirm") + noun, "reference": reference, "reason": reason}
                self.answers[reference] = said
                if point in self.slow:
                    self._say({**said, "meteringPointId": point})
            return self._answer(reference)

    def asked(self, reference: str) -> tuple[int, dict[str, Any]]:
        """What became of a request."""
        with self.lock:
            return self._answer(reference) if reference in self.answers else (404, {})

    def page(self, after: int) -> dict[str, Any]:
        """The messages after a sequence number."""
        with self.lock:
            return {"messages": self.messages[max(0, after) :][:_PAGE]}

    def fault(self) -> Any:
        """What becomes of this call; None for an answer."""
        with self.lock:
            return self.faults.pop(0) if self.faults else None

    def _answer(self, reference: str) -> tuple[int, dict[str, Any]]:
        slow = self.requests[reference]["payload"]["meteringPointId"] in self.slow
        return (202, {}) if slow else (200, self.answers[reference])

    def _carry(self, reading: int | None, characteristics: dict[str, str]) -> None:
        """Notify of every start and end that was confirmed and not taken back."""
        over = {one["payload"].get("original") for one in self.requests.values()}
        for reference, one in self.requests.items():
            header, payload = one["header"], one["payload"]
            confirmed = self.answers[reference]["message"].startswith("Confirm")
            if not confirmed or reference in over | self.told or header["documentType"] == "E02":
                continue
            if header["message"] in {_START, _END}:
                self.told.add(reference)
                more = (
                    {"characteristics": characteristics} if header["message"] == _START else {"meterReading": reading}
                )
                self._say(
                    {
                        "message": header["message"].replace("Request", "Notify"),
                        "businessProcess": header["businessProcess"],
                        "reference": reference,
                        "meteringPointId": payload["meteringPointId"],
                        "day": payload["day"],
                        **more,
                    }
                )

    def _say(self, message: dict[str, Any]) -> None:
        self.messages.append({**message, "sequence": len(self.messages) + 1})

    def server_close(self) -> None:
        """Nobody waits for an answer any longer."""
        self.stopping.set()
        super().server_close()


class _Call(JsonCall):
    server: MarketHub

    def do_GET(self) -> None:
        """Messages, a request's state, or what was sent."""
        if self.path == "/asked":
            with self.server.lock:
                return self.answer(200, list(self.server.requests.values()))
        if not self._lets_in():
            return None
        if self.path.startswith("/messages?after="):
            return self.answer(200, self.server.page(int(self.path.partition("=")[2])))
        return self.answer(*self.server.asked(self.path.removeprefix("/processes/")))

    def do_POST(self) -> None:
        """A request, or a change of what it does."""
        said = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST)))
        if self.path == "/play":
            self.server.play(said)
            return self.answer(200, {})
        if self._lets_in(said) and self.path == "/processes":
            return self.answer(*self.server.take(said))
        return None

    def _lets_in(self, said: dict[str, Any] | None = None) -> bool:
        """Whether the call is answered as it should be; else it is answered in another way, or not at all."""
        if not self.has_token():
            self.answer(401, {})
            return False
        fault = self.server.fault()
        if fault is None:
            return True
        if fault == "lost" and said is not None:
            self.server.take(said)
        elif fault == "silence":
            self.server.stopping.wait(60)
        elif fault == "garbage":
            self.send(200, b'{"messages": [{"sequence": "soon"}]')
        elif fault == "cut":
            self.send(200, b'{"messages": [', length=5000)
        elif isinstance(fault, int):
            self.answer(fault, {})
        self.close_connection = True
        return False
