"""Telling one person of their own matter: a message now, in the words of a template. Who may not be written to is not,
and finds it where they look it up; the matter itself goes on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.messages.errors import MessageRefusedError
from tillit.messages.models import Message
from tillit.messages.operations import send


def tell(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    template: str,
    values: Mapping[str, Any],
    key: str | None = None,
    language: str | None = None,
    answering: bool = True,
    channels: Sequence[str] | None = None,
    address: str | None = None,
) -> Message | None:
    """Put the message in, once for a `key`; None where nothing may be written about the person now (`send`).

    answering: they wrote first, or are told of what they are part of (D14). address: where it goes, when it
    is not on record.
    """
    try:
        return send(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller_id,
            template=template,
            values=values,
            at=clock.now(),
            key=key,
            language=language,
            answering=answering,
            channels=channels,
            address=address,
        )
    except MessageRefusedError:
        return None
