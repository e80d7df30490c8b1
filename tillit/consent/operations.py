"""Give, withdraw, object, restrict: each an appended event and the new state in one transaction, effective at once."""

from datetime import datetime

from django.db import connection

from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import Choice, ConsentEvent, EventKind, Restriction
from tillit.declaration import registry
from tillit.declaration.queries import current, current_version, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subjects

_EFFECT = {
    EventKind.GIVEN: {"consented": True},
    EventKind.WITHDRAWN: {"consented": False},
    EventKind.OBJECTED: {"objected": True},
    EventKind.OBJECTION_LIFTED: {"objected": False},
    EventKind.OBJECTION_REFUSED: {"objected": False},
}


def record(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    activity: str,
    kind: EventKind,
    route: str,
    wording: str,
    at: datetime,
    channel: str = "",
    evidence: str = "",
) -> ConsentEvent:
    """Append one event and set the choice it leads to (F1, F2, H5, H7).

    wording: digest of the text the person saw. An event for every channel (`channel=''`) also settles the choices
    made for single channels, so withdrawing "all" leaves none standing. Raises `UnknownChoiceError` when the
    declaration has no such activity or channel.
    """
    declared = current(controller_id=controller_id, on=clock.today()).activity(activity)
    if declared is None or (channel and channel not in declared.channels):
        raise UnknownChoiceError("unknown-choice", "the declaration has no such choice")
    holder = holder_of(controller_id=controller_id)
    state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    common = {"subject_id": subject_id, "controller_id": holder, "activity": activity, "state": state}
    event = ConsentEvent.objects.create(
        **common,
        channel=channel,
        kind=kind,
        at=at,
        route=route,
        wording=wording,
        declaration_version=current_version(controller_id=controller_id, on=clock.today()).number,
        evidence=evidence,
        last_marketing_message=at,
    )
    effect = _EFFECT[kind]
    if not channel:
        Choice.objects.filter(subject_id=subject_id, controller_id=holder, activity=activity).update(**effect, since=at)
    Choice.objects.update_or_create(
        subject_id=subject_id,
        controller_id=holder,
        activity=activity,
        channel=channel,
        defaults={**effect, "since": at},
        create_defaults={**effect, "since": at, "state": state},
    )
    return event


def restrict(*, scope: Scope, subject_id: int, controller_id: int, ground: str, at: datetime) -> Restriction:
    """Restrict all processing of the person (GDPR 18, H4): every row of theirs, in every table, in this transaction."""
    lock_subjects(scope=scope, subject_ids=[subject_id])
    restriction = Restriction.objects.create(
        subject_id=subject_id, controller_id=controller_id, ground=ground, since=at
    )
    _move(subject_id, {0: 1, 2: 3})
    return restriction


def lift(*, scope: Scope, subject_id: int, at: datetime) -> int:
    """Lift the restriction; the caller notifies the person first (GDPR 18(3)). Returns how many (0 or 1)."""
    lock_subjects(scope=scope, subject_ids=[subject_id])
    lifted = Restriction.objects.filter(subject_id=subject_id, lifted__isnull=True).update(lifted=at)
    _move(subject_id, {1: 0, 3: 2})
    return lifted


def _move(subject_id: int, states: dict[int, int]) -> None:
    """Change the state of every row of the person, table by table as the registry lists them, and of the subject
    itself.
    """
    with connection.cursor() as cursor:
        for before, after in states.items():
            cursor.execute(
                "UPDATE parties_subject SET state = %s WHERE id = %s AND state = %s", [after, subject_id, before]
            )
            for table in registry.PERSONAL:
                cursor.execute(
                    f"UPDATE {table} SET state = %s WHERE subject_id = %s AND state = %s",  # noqa: S608 (registered names)
                    [after, subject_id, before],
                )
