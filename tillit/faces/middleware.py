"""Security headers on every answer, and a request log that names routes, never addresses, queries or people (H18)."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

from tillit.declaration.queries import known
from tillit.kernel.errors import TillitError

Next = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("tillit.request")

# Nothing is fetched from elsewhere, and nothing written into a page can run: no `unsafe-*`, no inline style or script.
# `data:` is for the icons drawn inside Designsystemet's style sheet.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        *(["upgrade-insecure-requests"] if settings.HTTPS else []),
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds what Django's own security middleware lacks."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer with the headers; pages of a signed-in person are stored nowhere."""
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store" if _personal(request) else "no-cache"
        return response


class RequestLog:
    """One event a request: method, route pattern, status, milliseconds. A path may hold what a visitor typed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, logged."""
        started = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        write = log.error if response.status_code >= 500 else log.info
        write(
            "request",
            method=request.method if request.method in _METHODS else "other",
            route=match.route if match else "none",
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000, 1),
        )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """The type and place of what went wrong; the log keeps no message of it."""
        if isinstance(exception, Http404 | PermissionDenied | SuspiciousOperation | TillitError):
            return  # a refusal, which the status tells of
        log.error(
            "failed", route=request.resolver_match.route if request.resolver_match else "none", exc_info=exception
        )


class OneDeclaration:
    """Each answer rests on one version of each declaration, looked up once (A4)."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer."""
        with known():
            return self.get_response(request)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _personal(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES or request.method == "POST"
