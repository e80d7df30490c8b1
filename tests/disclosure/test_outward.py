"""No way out but the registered ones: read from the code, and refused by the running process (A8, H13)."""

import ast
import socket
import threading
from pathlib import Path

import pytest

from tillit.declaration.registry import OUTWARD
from tillit.disclosure import outward
from tillit.disclosure.errors import UndeclaredCallError
from tillit.platform import paths

PACKAGE = paths.root() / "tillit"
FAR = ("192.0.2.1", 9)
# Modules that open connections, here or in a library of ours.
NETWORK = {
    "socket", "ssl", "smtplib", "ftplib", "imaplib", "poplib", "telnetlib", "http.client", "urllib.request", "urllib3",
    "requests", "httpx", "aiohttp", "websockets", "asyncio.streams", "paramiko", "boto3", "pywebpush", "xmlrpc",
    "django.core.mail", "anymail", "socketserver", "nntplib",
}  # fmt: skip

# Modules that name one of these and open nothing to another machine (the guard would refuse it), and why.
OPENS_NOTHING = {
    "tillit.disclosure.outward": "the guard, which tries itself with a socket that sends nothing",
    "tillit.messages.mime": "has headings made safe by Django's mail, and gives bytes",
    "tillit.messages.mail_folder": "the mail backend that writes files",
    "tillit.journeys.bench.redeem": "asks the server it started itself, on the loopback address",
    "tillit.faces.bench.pages": "looks for a free port of its own",
    "tillit.journeys.bench.send": "asks the mail server that the bench started itself, on the loopback address",
    "tillit.faces.bench.visits": "asks the server that the bench started itself, on the loopback address",
}


def _opens(source: str) -> set[str]:
    """The network modules a source imports, however it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called.endswith(("import_module", "__import__")):
                names.add(str(node.args[0].value))
    return {name for name in names if any(name == one or name.startswith(f"{one}.") for one in NETWORK)}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def test_the_reader_sees_a_network_module_however_it_is_imported() -> None:
    for source in (
        "import urllib.request",
        "from http import client",
        "def f():\n    from requests import get",
        "import importlib\nimportlib.import_module('httpx')",
        "from django.core import mail",
    ):
        assert _opens(source), source
    assert not _opens("from urllib.parse import urlsplit\nimport http.cookies")


def test_a8_h13_the_code_opens_nothing_outward_but_by_registered_ways() -> None:
    found = {_module(path) for path in PACKAGE.rglob("*.py") if _opens(path.read_text(encoding="utf-8"))}
    declared = {module for way in OUTWARD.values() for module in way.opens}
    assert found - set(OPENS_NOTHING) == declared
    assert set(OPENS_NOTHING) <= found, "an exception that is none"
    assert {"tillit.messages.mail", "tillit.messages.transports"} <= found
    for module in declared:
        path = PACKAGE.parent / Path(*module.split(".")).with_suffix(".py")
        assert "opened(" in path.read_text(encoding="utf-8"), f"{module} opens no declared way"


def test_a8_h13_the_process_refuses_a_connection_that_no_way_declares() -> None:
    outward.guard()
    for attempt in (
        lambda s: s.connect(FAR),
        lambda s: s.connect_ex(FAR),
        lambda s: socket.getaddrinfo("eksempel.example", 80),
    ):
        with socket.socket() as one:
            one.settimeout(0.01)
            with pytest.raises(UndeclaredCallError):
                attempt(one)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, pytest.raises(UndeclaredCallError):
        one.sendto(b"x", FAR)


def test_h13_an_open_way_lets_out_only_its_own_thread_and_ends() -> None:
    outward.guard()
    seen: list[type[BaseException]] = []

    def elsewhere() -> None:
        try:
            with socket.socket() as one:
                one.settimeout(0.01)
                one.connect(FAR)
        except BaseException as error:  # noqa: BLE001
            seen.append(type(error))

    with outward.opened("email"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(FAR)  # a datagram socket: names its peer and sends nothing
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert seen == [UndeclaredCallError]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, pytest.raises(UndeclaredCallError):
        one.connect(FAR)
    with pytest.raises(UndeclaredCallError), outward.opened("carrier_pigeon"):
        pass


def test_this_machine_is_no_way_out() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        client.connect(server.getsockname())
