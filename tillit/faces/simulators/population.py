"""A population register that speaks our protocol (docs/registers.md), over a real socket, about nobody real.

`POST /play` changes what it knows: `{"people": {identifier: record}}` each raise an event, under their identifier or
the former one that `"was"` names; `{"quiet": true}` raises none; `{"fail": [429, 503, "garbage", "silence", "cut"]}` is
what becomes of the next calls; `{"noise": N}` adds events about N strangers. `GET /asked` lists what was asked.
"""

import json
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from tillit.faces.simulators.serving import JsonCall
from tillit.registers.protocol import BATCH, PAGE

_LARGEST = 64 << 20


class PopulationRegister(ThreadingHTTPServer):
    """The register. `token`: what must be shown; `step`: how far sequence numbers lie apart."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, *, token: str, step: int = 1) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.step = token, step
        self.people: dict[str, dict[str, Any]] = {}
        self.former: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.faults: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def address(self) -> str:
        """How the installation names it."""
        return f"http://{self.token}@127.0.0.1:{self.server_port}"

    def play(self, said: dict[str, Any]) -> None:
        """Change what it knows."""
        with self.lock:
            self.faults += said.get("fail", [])
            for identifier, record in said.get("people", {}).items():
                was = record.pop("was", "")
                if was:
                    self.people.pop(was, None)
                    self.former[was] = identifier
                self.people[identifier] = record
                if not said.get("quiet"):
                    self._happened(was or identifier)
            for number in range(int(said.get("noise", 0))):
                self._happened(f"{number:011d}")

    def _happened(self, identifier: str) -> None:
        last = self.events[-1]["sequence"] if self.events else 0
        self.events.append({"sequence": last + self.step, "identifier": identifier})

    def page(self, after: int) -> dict[str, Any]:
        """The events after a sequence number, at most a page of them."""
        with self.lock:
            first = max(0, after // self.step)
            return {"events": self.events[first : first + PAGE]}

    def about(self, asked: list[dict[str, Any]]) -> dict[str, Any]:
        """What it knows of each. A former identifier leads to whom has it no more."""
        with self.lock:
            self.asked += asked
            return {"people": [self._told(one) for one in asked[:BATCH]]}

    def _told(self, one: dict[str, Any]) -> dict[str, Any]:
        identifier = one["national_number"]
        identifier = self.former.get(identifier, identifier)
        record = self.people.get(identifier)
        told = {"found": False} if record is None else {"found": True, "state": "resident", **record}
        return {"reference": one["reference"], "identifier": identifier, **told}

    def fault(self) -> Any:
        """What becomes of this call; None for an answer."""
        with self.lock:
            return self.faults.pop(0) if self.faults else None

    def server_close(self) -> None:
        """Nobody waits for an answer any longer."""
        self.stopping.set()
        super().server_close()


class AddressRegister(PopulationRegister):
    """Number and address registers: asked by telephone number, they tell name and address, and nothing else."""

    def _told(self, one: dict[str, Any]) -> dict[str, Any]:
        record = self.people.get(one["phone"])
        told = {"found": False} if record is None else {"found": True, **record}
        return {"reference": one["reference"], **told}


class _Call(JsonCall):
    server: PopulationRegister

    def do_GET(self) -> None:
        """A page of events, or what was asked."""
        if self.path == "/asked":
            with self.server.lock:
                return self.answer(200, self.server.asked)
        if self._lets_in() and self.path.startswith("/events?after="):
            self.answer(200, self.server.page(int(self.path.partition("=")[2])))

    def do_POST(self) -> None:
        """A question about people, or a change of what it knows."""
        said = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST)))
        if self.path == "/play":
            self.server.play(said)
            return self.answer(200, {})
        if self._lets_in() and self.path == "/people":
            self.answer(200, self.server.about(said["people"]))

    def _lets_in(self) -> bool:
        """Whether the call is answered as it should be; else it is answered in another way, or not at all."""
        if not self.has_token():
            self.answer(401, {})
            return False
        fault = self.server.fault()
        if fault is None:
            return True
        if fault == "silence":
            self.server.stopping.wait(60)
        elif fault == "garbage":
            self.send(200, b'{"events": [{"sequence": "soon"}], "people": "everybody"}')
        elif fault == "cut":
            self.send(200, b'{"events": [', length=5000)
        elif isinstance(fault, int):
            self.answer(fault, {}, {"Retry-After": "0"} if fault == 429 else {})
        self.close_connection = True
        return False
