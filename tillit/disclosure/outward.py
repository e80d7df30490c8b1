"""Ways out of the process: each registered with its reason, opened by name, and no other opens at all (A8, H13).

    with opened("email"):        # a way some `personal_data.py` registered with `outward_way`
        smtp.send(…)

`guard` puts a hook on the interpreter: a Python socket that connects to another machine, or looks a name up, outside
every open way is refused before a byte leaves. Not covered: what is no Python socket. That is PostgreSQL's own client
and the web server, which the registry names, too; a contract test reads the code for anything else.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.conf import settings

from tillit.declaration.registry import OUTWARD
from tillit.disclosure.errors import UndeclaredCallError

_NOWHERE = ("192.0.2.1", 9)  # an address that is nobody's (RFC 5737)
_open: ContextVar[str] = ContextVar("tillit_outward", default="")


@contextmanager
def opened(way: str) -> Iterator[None]:
    """Within, this thread may connect outward by the way named. Raises `UndeclaredCallError` for one not registered."""
    if way not in OUTWARD:
        raise UndeclaredCallError("undeclared-way", f"no way out is registered as '{way}'")
    token = _open.set(way)
    try:
        yield
    finally:
        _open.reset(token)


@cache
def guard() -> None:
    """Watch this process from now on; again: nothing more. A hook cannot be taken off."""
    sys.addaudithook(_watch)


def guarded() -> bool:
    """Whether this process refuses a connection outward. Tried with a datagram socket, which sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(_NOWHERE)
        except UndeclaredCallError:
            return True
        except OSError:
            return False
    return False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto", "socket.getaddrinfo"} or _open.get():
        return
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    if not _own(address):
        raise UndeclaredCallError("undeclared-call", "a connection to another machine was refused: no way out is open")


def _own(address: Any) -> bool:
    """Whether an address is this machine: a local socket, a loopback address, its name, or the database."""
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(address, (str, bytes)) and str(address).startswith(("/", "b'/", "\0")):
        return True
    if host in {None, "", "localhost", b"localhost", settings.DATABASES["default"].get("HOST")}:
        return True  # the database is where the data lives, wherever that is
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False
