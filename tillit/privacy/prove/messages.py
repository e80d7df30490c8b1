"""Messages go out, as often as declared and no oftener, and those about service reach whom they concern (F3, F11)."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, length, texts, word

WAIT = timedelta(hours=36)
"""How long a message may wait past its time: the longest pause between two attempts and a half."""


def _activities(declaration: Declaration) -> Iterator[Said]:
    for activity in declaration.activities:
        if {"message", "*"} & set(activity.records) and activity.channels:
            said = texts(declaration, "messages", activity=word("activities", activity.key))
            yield Said(f"activities.{activity.key}.channels", said, activity.key)


def _check(context: Context, said: Said) -> Finding:
    """Nothing waits too long, and no service message was lost for good without being shown on Min side instead."""
    latest = datetime.combine(context.on, time(), ZoneInfo(clock.DEFAULT_ZONE)) - WAIT
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "disclosure", "waiting"),
            {"controller": context.id, "activity": said.item, "latest": latest},
        )
        sent, waiting, late, failed = cursor.fetchone()
    faults = [f"{late} messages have waited for more than {WAIT.total_seconds() / 3600:g} hours"] if late else []
    if failed and not vocabulary().activities[said.item].marketing and failed > sent:
        faults.append(f"more service messages failed ({failed}) than were sent ({sent})")
    return judged(faults, sent=sent, waiting=waiting, failed=failed)


def _cadences(declaration: Declaration) -> Iterator[Said]:
    for activity in declaration.activities:
        if activity.at_most_every is not None:
            said = texts(declaration, "cadence", period=length(activity.at_most_every))
            yield Said(f"activities.{activity.key}.at_most_every", said, activity)


def _cadence(context: Context, said: Said) -> Finding:
    """Nobody got two messages of the activity within the declared time."""
    period = IsoPeriod.parse(said.item.at_most_every)
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "disclosure", "too_often"),
            {"controller": context.id, "activity": said.item.key, "period": period.interval},
        )
        (people,) = cursor.fetchone()
    return judged([f"{people} people got such a message too often"] if people else [])


MESSAGES = Kind("messages", _activities, _check)
CADENCE = Kind("cadence", _cadences, _cadence)
