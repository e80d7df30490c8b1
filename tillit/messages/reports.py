"""What became of a message after it left: delivered, refused, a dead address, a complaint (F2, F5). Keyword-only."""

from datetime import datetime

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message, State
from tillit.parties import dead
from tillit.parties.models import Fact

_WORKING = "retention"
"""Sees and writes wherever an address may stand, also what is archived or restricted; it only takes away here."""


def find(*, subject_id: int, controller_id: int, message_id: int) -> Message | None:
    """The message a reference names, of an open scope that sees messages."""
    return Message.objects.filter(subject_id=subject_id, controller_id=controller_id, id=message_id).first()


def delivered(*, subject_id: int, controller_id: int, message_id: int, at: datetime) -> bool:
    """It reached the person, says whoever carried it. Whether that was news."""
    with _scope(controller_id, subject_id):
        rows = _left(subject_id, controller_id, message_id)
        return bool(rows.filter(delivered_at__isnull=True).update(delivered_at=at))


def failed(*, subject_id: int, controller_id: int, message_id: int, reason: str) -> bool:
    """It did not reach the person after all. Whether that was news; a message delivered stays so."""
    with _scope(controller_id, subject_id):
        rows = _left(subject_id, controller_id, message_id).filter(delivered_at__isnull=True)
        return bool(
            rows.update(
                message_state=State.FAILED,
                reason=reason[:40],
                settled_at=Coalesce("settled_at", Value(clock.now())),
                sealed_address=None,
                claimed_at=None,
                claimed_by=None,
            )
        )


def _left(subject_id: int, controller_id: int, message_id: int) -> QuerySet[Message]:
    """The message, where it left: settled as sent, or handed over and not settled yet (`outbox`)."""
    rows = Message.objects.filter(subject_id=subject_id, controller_id=controller_id, id=message_id)
    return rows.filter(Q(message_state=State.SENT) | Q(message_state=State.SENDING, handed_at__isnull=False))


def address_dead(*, subject_id: int, controller_id: int, message_id: int, address: str, at: datetime) -> int:
    """The address the message went to is dead: it is used no more and not imported again. How many facts held it.

    `address`: as the report names it; '' where it names none: then the one on record, if there is only one.
    """
    with _scope(controller_id, subject_id) as scope:
        message = find(subject_id=subject_id, controller_id=controller_id, message_id=message_id)
        if message is None:
            return 0
        register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
        named = {address} if address else _only_one(subject_id, message.channel)
        return sum(
            dead.fail(scope=scope, register_id=register, subject_id=subject_id, address=one, at=at) for one in named
        )


def _only_one(subject_id: int, channel: str) -> set[str]:
    ending = {"email": "email", "sms": "phone"}.get(channel, "")
    kinds = [kind for kind in dead.KINDS if ending and kind.endswith(ending)]
    rows = Fact.objects.filter(
        subject_id=subject_id, kind__in=kinds, superseded_at__isnull=True, failed_at__isnull=True
    )
    found = {form for value in rows.values_list("value", flat=True) if (form := dead.form(value)) is not None}
    return found if len(found) == 1 else set()


def _scope(controller_id: int, subject_id: int) -> Scope:
    everyone = {controller_id, holder_of(controller_id=controller_id)}
    return Scope(system("reports", everyone), _WORKING, frozenset({subject_id}))
