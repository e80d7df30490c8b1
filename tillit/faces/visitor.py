"""A visitor whom `tillit prove` sends: asks the site's pages in this process, through all that stands before them."""

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponseBase

Fields = Mapping[str, str | list[str]]


def request_for(
    path: str,
    *,
    fields: Fields | None = None,
    headers: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
) -> WSGIRequest:
    """A request as a browser sends it: `fields` are posted as a form, else it is a GET. `headers` by their names."""
    split, body = urlsplit(path), urlencode(fields or {}, doseq=True).encode()
    environ = {
        "REQUEST_METHOD": "GET" if fields is None else "POST",
        "PATH_INFO": split.path,
        "QUERY_STRING": split.query,
        "SERVER_NAME": _host(),
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items()),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    return WSGIRequest(environ)


def answer(request: WSGIRequest) -> HttpResponseBase:
    """What the site answers. The form's own token is not asked for: this is not about other sites' forms."""
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # as Django's own client
    return _handler().get_response(request)


@cache
def _handler() -> BaseHandler:
    handler = BaseHandler()
    handler.load_middleware()
    return handler


def _host() -> str:
    first = next(iter(settings.ALLOWED_HOSTS), "localhost")
    return "localhost" if first == "*" else first.lstrip(".")
