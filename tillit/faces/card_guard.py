"""No full card number in free text, anywhere: refused before a page, a call or the database has seen it (D5).

Every field of every form is looked at, unless people type into no field of that name on any page (`fixed`: it carries a
number of ours), or it stands in `NUMBERS`: it asks for a number, a code or a password. So a new form is guarded without
anybody thinking of it; so are the names of files, and what is searched for. Of a JSON body every text is looked at, and
of a command every argument (`cli.main`). The refusal shows what was written with the number cut down, to be sent
like that.
What a person sends by mail or SMS cannot be refused: there the number is masked (`messages.operations.receive`). A name
takes none, whatever way it comes (`kernel.identifiers.name`).
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tillit.kernel.card_numbers import has_card_number, mask_card_numbers

NUMBERS = {
    "number": "of a card or subscription, which its page checks, seals and forgets",
    "card": "the same; or which of one's cards",
    "code": "a one-time code, a voucher's or a gift card's",
    "codes": "codes that a supplier has issued",
    "key": "a voucher's, or what makes an order one of a kind",
    "password": "kept as nothing but its Argon2id hash",
    "again": "the password once more",
    "csrfmiddlewaretoken": "ours",
    "passkey": "what a browser signed",
    "endpoint": "a browser's address for notices",
    "p256dh": "a browser's key",
    "auth": "a browser's key",
    "purchases": "rows of a source, whose cards are digested and whose columns are declared",
    "agreement": "which of ours; and a code of a collective agreement",
    "line": "which of ours; and which line of a receipt",
    "file": "which of ours",
    "staff": "which of ours",
    "serial_number": "of a thing: a phone's IMEI has a card number's check digit",
}
"""Names that are no free text → what they carry."""
MACHINES = frozenset({"receipt", "store"})
"""Names in a JSON body that only tills and stores fill in, by machine."""
REPAIRED = "f-"
"""How names of the columns of a row under repair begin: its card numbers are read as those of the file were."""

_FIELD = re.compile(r"<(input|textarea|select|button)\b[^>]*>")
_NAME, _TYPE = re.compile(r'\bname="(\w+)"'), re.compile(r'\btype="([\w-]+)"')
_TYPED = frozenset({"text", "search", "tel", "email", "url", "password"})


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """(names that people type into somewhere, names that our pages fill in somewhere), read from them."""
    typed, chosen = set[str](), set[str]()
    for path in Path(__file__).parent.rglob("*.html"):
        for tag in _FIELD.finditer(path.read_text(encoding="utf-8")):
            name, kind = _NAME.search(tag.group()), _TYPE.search(tag.group())
            words = tag[1] == "textarea" or (tag[1] == "input" and (not kind or kind[1] in _TYPED))
            if name:
                (typed if words else chosen).add(name[1])
    return frozenset(typed), frozenset(chosen)


def fixed() -> frozenset[str]:
    """Names that our pages fill in and nobody types: hidden fields, choices, days."""
    typed, chosen = _names()
    return chosen - typed


def is_words(name: str) -> bool:
    """Whether a field of that name is free text."""
    return name not in NUMBERS and not name.startswith(REPAIRED) and name not in fixed()


def in_form(request: HttpRequest) -> bool:
    """Whether somebody typed a full card number into a free text of the form, or called a file so."""
    files = (one.name or "" for _, sent in request.FILES.lists() for one in sent)
    words = (text for name, texts in request.POST.lists() if is_words(name) for text in texts)
    return any(has_card_number(text) for text in (*words, *files))


def in_query(request: HttpRequest) -> bool:
    """Whether somebody searched for one: what people type into a form that asks."""
    typed = _names()[0]
    asked = (text for name, texts in request.GET.lists() if name in typed and is_words(name) for text in texts)
    return any(has_card_number(text) for text in asked)


def in_json(body: Any) -> bool:
    """The same of a JSON body, however deep."""
    return any(has_card_number(text) for text in _texts(body))


def refused(request: HttpRequest) -> HttpResponse:
    """422 with what was written, its number cut down, and a button that sends it like that.

    Only what our own form sent is shown again; files and passwords never are.
    """
    own = "csrfmiddlewaretoken" in request.POST
    given = [
        (name, mask_card_numbers(text) if is_words(name) else text)
        for name, all_ in request.POST.lists()
        for text in all_
    ]
    texts = [text for name, text in given if is_words(name) and "••••" in text]
    again = own and not request.FILES and "password" not in request.POST
    context = {
        "key": "card_guard",
        "plain": True,
        "texts": texts if own else [],
        "fields": given if again else [],
        "to": request.path,
        "files": bool(request.FILES),
    }
    response = render(request, "tillit/card_refused.html", context, status=422)
    response.headers["Cache-Control"] = "no-store"
    return response


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for one in node:
            yield from _texts(one)
    elif isinstance(node, dict):
        for name, one in node.items():
            if name not in NUMBERS and name not in MACHINES:
                yield str(name)
                yield from _texts(one)
