"""A stand-in for every personal table there could be: all categories, all clocks. Rules are compiled against it, so a
rule whose category no table holds yet is tried like any other. Rows lie in a temporary table of the connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from django.db import connection, models
from django.test.utils import isolate_apps

from tillit.consent.models import Choice
from tillit.declaration import registry
from tillit.declaration.registry import PersonalTable
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.parties.models import Relationship

TABLE = "retention_stand_in"
ZONE = ZoneInfo("Europe/Oslo")
DERIVED = ("relationship_ended", "consent_withdrawn", "linked_data_gone")


def events() -> list[str]:
    """The clock events that are columns."""
    return [event for event in vocabulary().clock_events if event not in DERIVED]


def table() -> PersonalTable:
    """The registration of the stand-in; no model of it stays behind."""
    columns: dict[str, Any] = {event: models.DateTimeField(null=True) for event in events()}
    with isolate_apps("tillit.privacy"):
        meta = type("Meta", (), {"app_label": "privacy", "db_table": TABLE})
        body = {"__module__": __name__, "Meta": meta, "category": models.SmallIntegerField(), **columns}
        model = type("StandIn", (models.Model,), body)
    clocks = {event: event for event in events()}
    every = tuple(vocabulary().categories)
    return PersonalTable(model, None, "category", clocks, "kind", categories=every)


@contextmanager
def registered() -> Iterator[PersonalTable]:
    """The stand-in as the only personal table, empty. Within a transaction."""
    one = table()
    clocks = ", ".join(f"{event} timestamptz" for event in events())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(
            f"CREATE TEMP TABLE {TABLE} (subject_id bigint, id bigint, controller_id int, state smallint DEFAULT 0,"
            f" category smallint, kind text, happened date, {clocks}) ON COMMIT DROP"
        )
    with mock.patch.dict(registry.PERSONAL, {TABLE: one}, clear=True):
        yield one


def fill(rows: list[tuple[int, int, str, str, date | None]]) -> None:
    """Rows of (subject, controller, category, kind, the day everything happened, None: nothing has). The moment is half
    past midnight in Oslo, which is the day before in UTC.
    """
    names = events()
    values = [
        (s, n, c, category_id(category), kind, day, *[None if day is None else moment(day)] * len(names))
        for n, (s, c, category, kind, day) in enumerate(rows)
    ]
    marks = ", ".join(["%s"] * (6 + len(names)))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TABLE} (subject_id, id, controller_id, category, kind, happened, {', '.join(names)})"
            f" VALUES ({marks})",
            values,
        )


def moment(day: date) -> datetime:
    """Half past midnight of a day in Oslo."""
    return datetime.combine(day, time(0, 30), ZONE)


def lives(subjects: dict[int, date], controllers: list[int], activities: list[str]) -> None:
    """What derived clocks are asked of: each person's relationships of every kind ended, and consents to the activities
    were withdrawn, on the person's day.
    """
    long_ago = date(2000, 1, 1)
    Relationship.objects.bulk_create(
        [
            Relationship(subject_id=subject, controller_id=one, kind=kind, started=long_ago, ended=day)
            for subject, day in subjects.items()
            for one in controllers
            for kind in vocabulary().relationships
        ],
        batch_size=2000,
    )
    Choice.objects.bulk_create(
        [
            Choice(subject_id=subject, controller_id=one, activity=activity, consented=False, since=moment(day))
            for subject, day in subjects.items()
            for one in controllers
            for activity in activities
        ],
        batch_size=2000,
    )
