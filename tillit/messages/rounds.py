"""One message to many people: put in so many at a time, each part a transaction of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tillit.kernel.scope import Actor, Scope
from tillit.messages.operations import Put, send_many

AT_ONCE = 500


def send_round(
    *,
    actor: Actor,
    activity: str,
    controller_id: int,
    template: str,
    people: Mapping[int, Mapping[str, Any]],
    at: datetime,
    key: str,
    channels: Sequence[str] | None = None,
    language: str | None = None,
) -> Put:
    """Put a message to each person (subject → values of the template) in, `AT_ONCE` a scope of the activity.

    Stopped in between, what was put in stays; run again with the same `key`, nobody is told twice. The rest is as in
    `send_many`, and so is what it raises.
    """
    queued = shown = 0
    withheld: dict[int, str] = {}
    everybody = list(people)
    for start in range(0, len(everybody), AT_ONCE):
        with Scope(actor, activity) as scope:
            put = send_many(
                scope=scope,
                controller_id=controller_id,
                template=template,
                people={subject: people[subject] for subject in everybody[start : start + AT_ONCE]},
                at=at,
                key=key,
                channels=channels,
                language=language,
            )
        queued, shown = queued + put.queued, shown + put.shown
        withheld.update(put.withheld)
    return Put(queued, shown, withheld)
