"""An advertising network that speaks our protocol (docs/audiences.md), over a real socket, about nobody real.

It takes hashes and refuses anything else. `POST /play` `{"fail": [429, "garbage", "lost"]}` says what becomes of the
next calls (`lost`: it does what it is told, and the answer never arrives); `GET /audiences` lists what it holds.
"""

import json
import re
import threading
from http.server import ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tillit.faces.simulators.serving import JsonCall

_HASH = re.compile(r"[0-9a-f]{64}")


class AdvertisingNetwork(ThreadingHTTPServer):
    """The network. `token`: what must be shown."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.lock = token, threading.Lock()
        self.audiences: dict[str, dict[str, Any]] = {}
        self.faults: list[Any] = []
        self.heard: list[str] = []

    @property
    def address(self) -> str:
        """How the installation names it."""
        return f"http://{self.token}@127.0.0.1:{self.server_port}"

    def members(self, key: str) -> set[tuple[str, str]]:
        """Whom an audience holds."""
        found: set[tuple[str, str]] = self.audiences[key]["members"]
        return found

    def act(self, method: str, path: str, said: Any) -> tuple[int, Any]:
        """What a call does: status and answer."""
        parts = path.strip("/").split("/")
        with self.lock:
            if method == "POST" and parts == ["audiences"]:
                if not said.get("advertiser") or not said.get("frequency_cap"):
                    return 400, {"code": "incomplete"}
                key = uuid4().hex
                self.audiences[key] = {**said, "members": set()}
                return 201, {"id": key}
            key = parts[1] if len(parts) > 1 else ""
            if key not in self.audiences:
                return 404, {"code": "unknown"}
            if method == "DELETE":
                del self.audiences[key]
                return 200, {}
            return self._members(method, self.members(key), said or {})

    def _members(self, method: str, held: set[tuple[str, str]], said: dict[str, Any]) -> tuple[int, Any]:
        add, remove = ([_pair(one) for one in said.get(verb, [])] for verb in ("add", "remove"))
        if None in add or None in remove:
            return 400, {"code": "not-hashed"}
        if method == "PUT":
            held.clear()
        held.difference_update(one for one in remove if one)
        held.update(one for one in add if one)
        return 200, {"held": len(held)}


def _pair(one: dict[str, str]) -> tuple[str, str] | None:
    if not one or any(not _HASH.fullmatch(value) for value in one.values()):
        return None
    return one.get("email", ""), one.get("phone", "")


class _Call(JsonCall):
    server: AdvertisingNetwork

    def do_GET(self) -> None:
        """What it holds."""
        if self.path == "/audiences":
            with self.server.lock:
                held = {k: len(one["members"]) for k, one in self.server.audiences.items()}
            return self.answer(200, held)
        self._act()

    def do_POST(self) -> None:
        """A new audience, a change of its members, or how the next calls fail."""
        self._act()

    def do_PUT(self) -> None:
        """These members and no others."""
        self._act()

    def do_DELETE(self) -> None:
        """The audience is no more."""
        self._act()

    def _act(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said: Any = json.loads(body) if body else {}
        if self.path == "/play":
            self.server.faults += said["fail"]
            return self.answer(200, {})
        if not self.has_token():
            return self.answer(401, {})
        self.server.heard.append(body.decode())
        fault = self.server.faults.pop(0) if self.server.faults else None
        if isinstance(fault, int):
            return self.answer(fault, {})
        if fault == "garbage":
            return self.answer(200, {"held": "many"})
        status, answer = self.server.act(self.command, self.path, said)
        if fault == "lost":
            self.close_connection = True
            return None
        return self.answer(status, answer)
