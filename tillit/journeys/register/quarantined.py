"""Looking at a row that was put aside, repairing it, giving it up: each on record with the union (A9)."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from tillit.audit import events
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.journeys.register.comparing import ACTIVITY
from tillit.kernel.scope import Actor
from tillit.membership import register_files
from tillit.membership.errors import MembershipError
from tillit.membership.models import QuarantinedMember

DISMISSALS = ("not_a_row", "test", "sent_again", "not_ours", "cannot_be_mended")


@transaction.atomic
def show(*, row: QuarantinedMember, actor: Actor) -> dict[str, str | None]:
    """The row's fields for somebody to read. `SealedRowError` when they were not kept."""
    values = register_files.open_row(row)
    _record(events.QUARANTINE_OPENED, actor, row, row=row.pk)
    return values


@transaction.atomic
def repair(*, row: QuarantinedMember, values: Mapping[str, str | None], actor: Actor) -> None:
    """Replace fields of the row; see `register_files.repair`."""
    register_files.repair(row=row, values=values)
    _record(events.QUARANTINE_REPAIRED, actor, row, row=row.pk)


@transaction.atomic
def dismiss(*, rows: Sequence[QuarantinedMember], because: str, actor: Actor) -> int:
    """Give rows up; how many waited. because: one of `DISMISSALS`, on record. Raises `MembershipError`."""
    if because not in DISMISSALS:
        raise MembershipError("dismissal-reason", f"say why: {', '.join(DISMISSALS)}")
    done = register_files.resolve(rows=rows, how="dismissed")
    for file_id, row in {row.file_id: row for row in rows}.items():
        count = sum(one.file_id == file_id for one in rows)
        _record(events.QUARANTINE_DISMISSED, actor, row, rows=count, because=because)
    return done


def _record(event: EventType, actor: Actor, quarantined: QuarantinedMember, **details: int | str) -> None:
    append(
        type=event,
        actor=actor,
        activity=ACTIVITY,
        controller=quarantined.file.controller_id,
        batch=quarantined.file_id,
        details={"batch": quarantined.file_id} | details,
    )
