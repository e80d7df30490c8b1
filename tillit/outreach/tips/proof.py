"""A tip is tried, with an address nobody has, and what it did to the database is looked at (B8)."""

import secrets
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import connection

from tillit.declaration.models import Controller
from tillit.messages.mail_folder import UnstoredMail
from tillit.outreach.tips.errors import TipError
from tillit.outreach.tips.operations import Tip, send


def leaves_nothing(controller_id: int, on: date) -> Iterator[str]:
    """Statements of a tip that name the friend, the sender or their words; a mail that did not come out."""
    mark = "".join(secrets.choice("bcdfghjklmnp") for _ in range(12))
    tip = Tip(f"{mark}@post.example", mark.title(), mark.upper(), "–", "https://localhost/")
    seen: list[str] = []
    sent: list[UnstoredMail] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        seen.append(f"{sql} {params!r}".lower())
        return execute(sql, params, many, context)

    controller = Controller.objects.get(pk=controller_id)
    try:
        with connection.execute_wrapper(watch):
            send(controller=controller, tip=tip, network="proof", language="nb", hand_over=sent.append)
    except TipError as failed:
        yield f"a tip could not be tried: {failed.code}"
        return
    if any(mark in one for one in seen):
        yield "a tip names the friend, the sender or their words to the database"
    if len(sent) != 1 or sent[0].to != [f"{mark}@post.example"]:
        yield "a tip does not come out as one mail to the friend"
