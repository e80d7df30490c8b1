"""How a stand-in answers: JSON, nothing to the log, and only to who brings the token."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any


class JsonCall(BaseHTTPRequestHandler):
    """A call to a stand-in; its server has the `token` that callers bring."""

    def log_message(self, *_: Any) -> None:
        """Nothing: a line would hold nothing of worth."""

    def has_token(self) -> bool:
        """Whether the caller brought the server's token."""
        token: str = self.server.token  # type: ignore[attr-defined]
        return self.headers.get("Authorization") == f"Bearer {token}"

    def answer(self, status: int, said: Any, heads: Mapping[str, str] | None = None) -> None:
        """`said` as JSON."""
        self.send(status, json.dumps(said).encode(), heads=heads)

    def send(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "application/json",
        length: int | None = None,
        heads: Mapping[str, str] | None = None,
    ) -> None:
        """The bytes as they are; `length`: what is said of them, where it is not so."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        for name, value in (heads or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
