"""Error pages: what happened and what to do, in the reader's language, with no data and no database."""

import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tillit.journeys.sign_in import TooManyTriesError


class Refusals:
    """Turns a lower layer's refusal into its page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer as it is."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """429 for too many tries."""
        return page(request, 429) if isinstance(exception, TooManyTriesError) else None


RETRY_SECONDS = {429: "900", 503: "30"}


def page(request: HttpRequest, status: int) -> HttpResponse:
    """The error page of a status. Renders without touching database or session."""
    asked = request.method in {"GET", "HEAD"}  # it can be asked again, in the other language
    context = {"status": status, "key": f"error.{status}", "plain": True, "asked": asked}
    response = render(request, "tillit/error.html", context, status=status)
    if status in RETRY_SECONDS:
        response.headers["Retry-After"] = RETRY_SECONDS[status]
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from our page, or was left open too long."""
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when it is the database that does not answer."""
    error = sys.exc_info()[1]
    return page(request, 503 if isinstance(error, OperationalError | InterfaceError) else 500)
