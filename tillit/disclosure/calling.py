"""A call to a service outside whose address the installation names, `https://TOKEN@host/path`, by a registered way.

What the service is asked and how its answer is read is the caller's; here is how the process speaks with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.outward import opened


@dataclass(frozen=True)
class Reply:
    """What a service answered: its status, its headers (whose names may be in any case), and at most so many bytes of
    its body as were asked for.
    """

    status: int
    headers: Message
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; {} for an empty one. Raises `ValueError`, also for a body nested without end."""
        try:
            return json.loads(self.body or b"{}")
        except RecursionError:
            raise ValueError("nested too deep") from None


def call(
    *,
    way: str,
    address: str,
    method: str,
    path: str = "",
    body: Any = None,
    timeout: float,
    largest: int = 65536,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send `body` as JSON (None: nothing) to `path` below the address. `timeout`: seconds; `largest`: bytes that are
    read of the answer. Raises `UnreachableError` when there is no answer, `UndeclaredCallError` for an unknown way.
    """
    at = urlsplit(address)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    link = kind(at.hostname or "", at.port, timeout=timeout)
    heads = {"Content-Type": "application/json", "Authorization": f"Bearer {unquote(at.username or '')}"}
    target = at.path.rstrip("/") + path if path else at.path or "/"
    text = None if body is None else json.dumps(body).encode()
    try:
        with opened(way):
            link.request(method, target, text, heads | dict(headers or {}))
            answer = link.getresponse()
            return Reply(answer.status, answer.headers, answer.read(largest))
    except (OSError, HTTPException):
        raise UnreachableError("unreachable", "the service did not answer") from None
    finally:
        link.close()


def is_here(host: str) -> bool:
    """Whether a host is this machine's own: localhost, or a loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
