"""Carrying a hand-over out: each person is one transaction, and who is left is who has not gone yet (A10)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

from django.db import transaction

from tillit.disclosure.errors import DisclosureRefusedError
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.errors import RestrictedPersonError, UnknownSubjectError
from tillit.privacy import events
from tillit.privacy.errors import HandoverError
from tillit.privacy.handover import leaving, moving
from tillit.privacy.handover.planning import ACTIVITY, differs_since, going, noted, related, untold, waiting
from tillit.privacy.models import Handover


def carry_out(
    *,
    actor: Actor,
    handover: Handover,
    at: datetime,
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Handover:
    """Move everybody who goes; `most` people in this run. Again, it goes on where it stopped.

    Whether the declarations differ materially is judged anew. Where they do, whoever was told later than the promised
    notice before `at` waits, and the hand-over stays open for them.

    Raises `HandoverError`: `handover-day` before the day, `handover-untold` while somebody whom a material difference
    concerns has not been told, `handover-notice` while everybody's notice is still running.
    """
    Scope(actor, ACTIVITY)  # refuses who has not the role, before anybody is moved
    if handover.cancelled_at is not None or handover.done_at is not None:
        raise HandoverError("handover-done", "it is carried out, or was called off")
    today = clock.local_date(at)
    if today < handover.day:
        raise HandoverError("handover-day", f"not before {handover.day}")
    if handover.address:
        leaving.confirm_all(handover=handover)
    waits: dict[int, date] = {}
    if (since := differs_since(handover=handover, on=today)) is not None:
        Handover.objects.filter(pk=handover.pk).update(material=True)
        if left := untold(handover=handover):
            raise HandoverError("handover-untold", f"{len(left)} people have not been told; announce it first")
        waits = waiting(handover=handover, on=today, since=since)
    everybody = going(handover=handover)
    people = [one for one in everybody if one not in waits]
    if everybody and not people:
        raise HandoverError(
            "handover-notice", f"the notice is still running, until {min(waits[one] for one in everybody)}"
        )
    for done, subject in enumerate(people[:most], 1):
        _one(handover, subject, at)
        progress(done, len(people))
    found = Handover.objects.select_related("giver", "receiver").get(pk=handover.pk)
    # Who is restricted and here again since a restore leaves when that is lifted: until then it stays open.
    if people == everybody and (most is None or len(people) <= most) and not leaving.here_again(handover=found):
        found = _finish(actor, found, at)
    return found


def _one(handover: Handover, subject: int, at: datetime) -> None:
    if handover.address:
        with suppress(RestrictedPersonError, UnknownSubjectError, DisclosureRefusedError):  # this one stays
            leaving.one(handover=handover, subject_id=subject, at=at)
        return
    with transaction.atomic():
        standing = Handover.objects.select_for_update().get(pk=handover.pk)
        if standing.cancelled_at is not None:
            raise HandoverError("handover-done", "it was called off")
        if subject not in going(handover=handover):
            return  # gone, restricted or objected since the list was made
        try:
            counts = moving.move(handover=handover, subject_id=subject, at=at)
        except (RestrictedPersonError, UnknownSubjectError, DisclosureRefusedError):
            transaction.set_rollback(True)  # this one stays; the day's count says how many
            return
        total = standing.counts
        for table, (left, arrived) in counts.items():
            before = total.get(table, [0, 0])
            total[table] = [before[0] + left, before[1] + arrived]
        Handover.objects.filter(pk=handover.pk).update(moved=standing.moved + 1, counts=total)


def _finish(actor: Actor, handover: Handover, at: datetime) -> Handover:
    stayed = len(related(handover=handover))
    Handover.objects.filter(pk=handover.pk).update(done_at=at, stayed=stayed)
    for one in (handover.giver_id, handover.receiver_id):
        noted(
            actor=actor,
            handover=handover,
            kind=events.HANDOVER_DONE,
            controller_id=one,
            at=at,
            details={
                "persons": handover.moved,
                "stayed": stayed,
                "rows": sum(arrived for key, (_, arrived) in handover.counts.items() if ":" not in key),
            },
        )
    return Handover.objects.select_related("giver", "receiver").get(pk=handover.pk)
