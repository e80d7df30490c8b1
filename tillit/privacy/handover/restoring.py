"""What a restore does about people who were handed over since the dump (A10, H11): nobody is lost on both sides.

within the installation   neither side's acts since count: they are at the giver again, and are handed over anew
left for elsewhere        they stay gone; the sealed parcels that are not safe yet are sent again
came from elsewhere       they are not here: it is on record whom the giver must send again, whatever the day
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from tillit.audit.operations import append
from tillit.declaration import registry
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.kernel.sql import load
from tillit.parties import sealing
from tillit.parties.errors import SealedValueLostError
from tillit.parties.journal_models import JournalEntry, JournalKind
from tillit.privacy import events
from tillit.privacy.handover import outbound
from tillit.privacy.models import HandoverArrived


@dataclass
class Put:
    """How many are at their giver again, how many parcels wait to be sent again, how many are to come again."""

    back: int = 0
    sent: int = 0
    awaited: int = 0


def forget_what_hinges(everyone: Actor) -> int:
    """Take out of the journal what was done to people who went over within the installation since the dump: they are at
    their giver again. Their keys may be gone; what does not open any more is on record as lost, to be asked again.
    """
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "restoring", "back"))
        people = [row[0] for row in cursor.fetchall()]
        cursor.execute(load(__file__, "restoring", "forget"))
    for subject in people:
        with Scope(everyone, "retention") as scope:
            for table in registry.PERSONAL.values():
                for column in table.sealed:
                    _shut(scope, table.table, column, subject)
    return len(people)


def _shut(scope: Scope, table: str, column: str, subject: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id::text, controller_id, {column} FROM {table} WHERE subject_id = %s AND {column} IS NOT NULL",
            [subject],
        )
        for row, controller, sealed in cursor.fetchall():
            place: dict[str, Any] = {"table": table, "column": column, "controller_id": controller}
            try:
                sealing.open_sealed(subject_id=subject, sealed=sealed, **place)
            except SealedValueLostError:
                with suppress(IntegrityError), transaction.atomic():  # what other rows rest on stays, and stays shut
                    cursor.execute(f"DELETE FROM {table} WHERE subject_id = %s AND id::text = %s", [subject, row])
                append(
                    type=events.LOST_IN_RESTORE,
                    scope=scope,
                    controller=controller,
                    subject=subject,
                    details={"table": table, "kind": column},
                )


def put_back(back: int = 0) -> Put:
    """Expectations, arrivals that the dump does not hold, and parcels on their way. Again, it changes nothing."""
    done = Put(back)
    for entry in JournalEntry.objects.filter(kind=JournalKind.EXPECTED).order_by("id"):
        _executed("expected", row=entry.details)
    for entry in JournalEntry.objects.filter(kind=JournalKind.ARRIVED).order_by("id"):
        _executed("arrived", row=entry.details, now=clock.now().isoformat())
    for said in outbound.kept():
        _executed("handover", row=said["handover"])
        whole = {**said["sent"], "handover": said["handover"]["id"], "message": said["message"]}
        done.sent += _executed("sent", row=whole)
    done.awaited = HandoverArrived.objects.filter(lost_at__isnull=False).count()
    with connection.cursor() as cursor:
        for table in ("privacy_handover_expected", "privacy_handover"):
            cursor.execute(load(__file__, "restoring", "continue").format(table=table))
    return done


def _executed(name: str, *, row: dict[str, Any], **also: Any) -> int:
    """How many rows it made; none where what they belong to is not in the dump: a controller that is younger."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(load(__file__, "restoring", name), {"row": json.dumps(row | also)})
            return int(cursor.rowcount)
    except IntegrityError:
        return 0
