"""What the desks of cases share: the part and page of a queue, a case by its number, and what is not here."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.http import Http404, HttpRequest

from tillit.cases.errors import UnknownCaseError
from tillit.faces.member_web.requests import number_of
from tillit.faces.paging import page_by
from tillit.faces.staff_web.access import Worker
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError

SIZE = 25
"""Cases on a page of a queue."""


@contextmanager
def here(*others: type[Exception]) -> Iterator[None]:
    """404 for a case that there is not, that is another's, or that the role does not reach; and for `others`."""
    elsewhere: tuple[type[Exception], ...] = (UnknownCaseError, NotAssignedError, ScopeError, *others)
    try:
        yield
    except elsewhere:
        raise Http404 from None


def named(worker: Worker, number: str, **more: Any) -> dict[str, Any]:
    """Who asks for which case, as the journeys take it."""
    return {"actor": worker.actor, "controller": worker.site.controller, "case_id": number_of(number), **more}


def queued(
    request: HttpRequest, worker: Worker, parts: Sequence[str], queue: Callable[..., list[Any]], **more: Any
) -> dict[str, Any]:
    """The page that is asked for of a part of a queue, and the parts, for `staff_web/queue.html`."""
    show = request.GET.get("show", "")
    show = show if show in parts else parts[0]

    def read(first: int, most: int) -> list[Any]:
        asked = {"actor": worker.actor, "controller": worker.site.controller, "show": show, **more}
        return queue(**asked, first=first, most=most)

    with here():
        return {"rows": page_by(request, read, SIZE), "show": show, "parts": parts}


def refused(act: Callable[[], object], *refusals: type[Exception]) -> str:
    """Do it; the code of what was refused, '' when it was done. A case that is not here is no refusal."""
    try:
        act()
    except UnknownCaseError:
        raise
    except refusals as error:
        return str(getattr(error, "code", "refused"))
    return ""
