"""No full card number in free text, anywhere: refused before a page, a call or the database has seen it (D5).

Every text of every form is looked at, and every text of a JSON body, unless its name stands in `NUMBERS`: what asks for
a number of a card itself and seals it, or carries a number, code or key of ours. So a new form is guarded without
anybody thinking of it. The refusal shows what was written with the number cut down, to be sent like that.
What a person sends by mail or SMS cannot be refused: there the number is masked (`messages.operations.receive`).
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tillit.kernel.card_numbers import has_card_number, mask_card_numbers

OURS = (
    *("agreement", "audience", "bill", "case", "chain", "counterpart", "document", "event", "file", "hold"),
    *("instrument", "letter", "mandate", "movement", "notice", "off", "offer", "order", "part", "pending"),
    *("person", "point", "purchase", "refund", "row", "seen", "session", "staff", "switch", "thing"),
    *("invoice", "line", "payment", "validity", "version", "which", "wording"),
)
"""Which of ours: a number, a code or a digest that our own page put into the form."""
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
    **dict.fromkeys(OURS, "which of ours"),
}
"""Names that are no free text → what they carry."""
MACHINES = frozenset({"receipt", "store"})
"""Names in a JSON body that only tills and stores fill in, by machine."""
REPAIRED = "f-"
"""How names of the columns of a row under repair begin: its card numbers are read as those of the file were."""


def is_words(name: str) -> bool:
    """Whether a field of that name is free text."""
    return name not in NUMBERS and not name.startswith(REPAIRED)


def in_form(request: HttpRequest) -> bool:
    """Whether somebody typed a full card number into a free text of the form."""
    return any(has_card_number(text) for name, texts in request.POST.lists() if is_words(name) for text in texts)


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
            if is_words(str(name)) and name not in MACHINES:
                yield str(name)
                yield from _texts(one)
