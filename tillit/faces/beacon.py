"""Where views are counted (G3): before the site itself, so that a view costs next to nothing and touches no session.

`POST /<controller>/v/` from the script, `GET /<controller>/v/pixel.gif?p=…` where scripts do not run, and, with
`TILLIT_VISITS=server`, every page that was answered. Whoever asks not to be counted is answered the same.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from tillit.faces.signing_in import network_address
from tillit.visits.counting import COUNTER, Counter, Seen

OPT_OUT = "tillit_no_visits"
_BEACON = re.compile(r"/([a-z][a-z0-9_]*)/v/(pixel\.gif)?")
_PAGE = re.compile(r"/([a-z][a-z0-9_]*)/")
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_LARGEST = 4096
_HEADS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
Environ = dict[str, Any]
Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]


class Counting:
    """The site's application, with the beacon in front."""

    def __init__(self, inner: Application, counter: Counter = COUNTER) -> None:
        self.inner, self.counter = inner, counter

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Count what is a view; hand everything else on."""
        found = _BEACON.fullmatch(environ["PATH_INFO"])
        if found is None:
            return self.inner(environ, self._counting(environ, start) if settings.VISITS == "server" else start)
        if wanted(environ):
            self._take(found.group(1), _said(environ), environ)
        if found.group(2):
            start("200 OK", [("Content-Type", "image/gif"), ("Content-Length", str(len(_PIXEL))), *_HEADS])
            return [_PIXEL]
        start("204 No Content", _HEADS)
        return [b""]

    def _take(self, key: str, said: dict[str, list[str]], environ: Environ) -> None:
        left = said.get("t", [""])[0]
        self.counter.take(
            key,
            Seen(
                path=route(said.get("p", ["/"])[0], key),
                agent=environ.get("HTTP_USER_AGENT", "")[:400],
                address=_address(environ),
                host=environ.get("HTTP_HOST", "").partition(":")[0],
                referrer=said.get("r", [""])[0][:1000],
                query=said.get("q", [""])[0].removeprefix("?"),
                seconds=int(left) if left.isascii() and left.isdigit() and len(left) < 6 else None,
            ),
        )
        self.counter.start()

    def _counting(self, environ: Environ, start: Start) -> Start:
        """Count a page as it is answered, without any script (server mode)."""

        def answered(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kind = {name.lower(): value for name, value in headers}.get("content-type", "")
            page = _PAGE.match(environ["PATH_INFO"])
            if environ["REQUEST_METHOD"] == "GET" and status[:3] == "200" and kind.startswith("text/html") and page:
                said = {
                    "p": [environ["PATH_INFO"]],
                    "r": [environ.get("HTTP_REFERER", "")],
                    "q": [environ.get("QUERY_STRING", "")],
                }
                if wanted(environ):
                    self._take(page.group(1), said, environ)
            return start(status, headers, *rest)

        return answered


def route(path: str, key: str) -> str:
    """The page a path leads to, as the site knows it: what the path says of which one is `*`; `/key/*` for none."""
    try:
        found = resolve(path.split("?", 1)[0][:1000])
    except Resolver404:
        return f"/{key}/*"
    known = re.sub(r"<controller:\w+>", key, found.route)
    return "/" + re.sub(r"<[^>]*>", "*", known)


def wanted(environ: Environ) -> bool:
    """Whether the visitor may be counted: no Global Privacy Control, no Do Not Track, no opt-out of ours."""
    if environ.get("HTTP_SEC_GPC") == "1" or environ.get("HTTP_DNT") == "1":
        return False
    return f"{OPT_OUT}=1" not in environ.get("HTTP_COOKIE", "")


def _said(environ: Environ) -> dict[str, list[str]]:
    if environ["REQUEST_METHOD"] != "POST":
        return parse_qs(environ.get("QUERY_STRING", "")[:_LARGEST], max_num_fields=10)
    length = environ.get("CONTENT_LENGTH") or "0"
    size = min(int(length), _LARGEST) if length.isdigit() else 0
    try:
        return parse_qs(environ["wsgi.input"].read(size).decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return {}


def _address(environ: Environ) -> str:
    request = HttpRequest()
    request.META = environ
    return network_address(request)
