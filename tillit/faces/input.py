"""What a visitor typed, before anything reads it: no control characters, refused in one place (H18).

PostgreSQL holds no NUL, and no field, address or cookie of ours has a use for any other control character but the line
breaks and tabs of a text area. A path, query or form that has one is answered with 400; a cookie that has one is not
read, since another site of the domain may have set it. A full card number in free text is refused here, too
(`card_guard`).
"""

import re
from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import translation

from tillit.faces import card_guard
from tillit.faces.api import problems
from tillit.faces.errors import page

_API = "/api/"

# C0, DEL and C1; half of a surrogate pair cannot be written as UTF-8 either.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class PlainInput:
    """Refuses control characters in path, query and form; drops cookies that carry one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, or the page for 400 or for a card number in the reader's language."""
        for name, value in list(request.COOKIES.items()):
            if _CONTROL.search(name) or _CONTROL.search(value):
                del request.COOKIES[name]
        if request.path_info.startswith(_API) and _CONTROL.search(request.path_info):
            return problems.answer("not-found")  # a partner's system is told in its own language
        plain = _plain(request)
        card = plain and (card_guard.in_query(request) or (request.method == "POST" and card_guard.in_form(request)))
        if plain and not card:
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            return card_guard.refused(request) if plain else page(request, 400)


def _plain(request: HttpRequest) -> bool:
    if _CONTROL.search(request.path_info) or any(_CONTROL.search(part) for part in _parts(request.GET.lists())):
        return False
    if request.method != "POST":
        return True
    try:
        form, files = request.POST, request.FILES
    except UnreadablePostError:  # the visitor went away while sending
        return False
    if any(_CONTROL.search(name) for name in form):
        return False
    named = [name for key, sent in files.lists() for name in (key, *(one.name or "" for one in sent))]
    texts = [value for _, values in form.lists() for value in values]
    return not any(_CONTROL_IN_TEXT.search(text) for text in texts) and not any(_CONTROL.search(n) for n in named)


def _parts(fields: Iterable[tuple[str, list[str]]]) -> Iterable[str]:
    for name, values in fields:
        yield name
        yield from values
