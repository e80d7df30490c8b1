"""How messages fared, in numbers. Within an open scope."""

from dataclasses import dataclass

from django.db.models import Count

from tillit.messages.models import Message


@dataclass(frozen=True)
class Standing:
    """How many messages of a channel are in a state for a reason, and how many of them are known to have arrived."""

    channel: str
    state: str
    reason: str
    count: int
    arrived: int


def standing(*, controller_id: int) -> list[Standing]:
    """The controller's outgoing messages, counted."""
    rows = (
        Message.objects.filter(controller_id=controller_id, direction="out")
        .values_list("channel", "message_state", "reason")
        .annotate(number=Count("id"), arrived=Count("delivered_at"))
        .order_by("channel", "message_state", "reason")
    )
    return [Standing(*row) for row in rows]
