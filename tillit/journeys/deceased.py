"""Somebody has died (A7): told by the population register, or to the desk by those they leave behind.

Every relationship in the register ends with the day of death, so mailings stop with the next statement and the clocks
of retention run as declared; ways in are closed. What they were owed (bonus, cover) is left as it is, for the estate:
it is not forfeited as by somebody who leaves.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys import events
from tillit.journeys.merging import activity_of
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.identifiers import email, name, phone
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import deaths
from tillit.parties.actors import person_scope
from tillit.parties.operations import wait_for_sets

LONGEST = 300


class DeathError(TillitError):
    """`future`: the day has not come; `no-death`: there is none on record."""

    exit_code = 2


def record_death(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    day: date,
    source: str,
    at: datetime,
    estate: Mapping[str, str] | None = None,
) -> int:
    """The person died; how many relationships ended. Again: the day and the estate's contact are what is said now.

    Raises `NotAssignedError`, `DeathError` `future`, `IdentifierError` for a contact that cannot be read.
    """
    if day > clock.local_date(at):
        raise DeathError("future", "the day of death has not come")
    contact = normal(estate or {})
    with _register(actor, controller, subject_id) as scope:
        wait_for_sets(subject_id=subject_id)
        where: dict[str, Any] = {
            "scope": scope,
            "subject_id": subject_id,
            "controller_id": holder_of(controller_id=controller.pk),
        }
        ended = deaths.record(**where, day=day, source=source, at=at)
        if estate is not None:
            deaths.name_estate(**where, contact=contact, source=source, at=at)
        append(
            type=events.DEATH_RECORDED,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"source": source, "relationships": ended},
        )
    return ended


def undo_death(*, actor: Actor, controller: Controller, subject_id: int, at: datetime) -> None:
    """The report was wrong: everything it ended stands again. Raises `NotAssignedError`, `DeathError` `no-death`."""
    with _register(actor, controller, subject_id) as scope:
        holder = holder_of(controller_id=controller.pk)
        if not deaths.undo(scope=scope, subject_id=subject_id, controller_id=holder, at=at):
            raise DeathError("no-death", "no death is on record")
        append(type=events.DEATH_UNDONE, scope=scope, controller=controller.pk, subject=subject_id, details={})


def known(*, actor: Actor, controller: Controller, subject_id: int) -> tuple[date | None, dict[str, str]]:
    """The day of death and the estate's contact, for the desk. Raises `NotAssignedError`."""
    with _register(actor, controller, subject_id):
        return deaths.died(subject_id=subject_id), deaths.estate(subject_id=subject_id)


def normal(contact: Mapping[str, str]) -> dict[str, str]:
    """The contact in its normal form, without what is empty. Raises `IdentifierError`."""
    forms = {"estate.name": name.normalise, "estate.email": email.normalise, "estate.phone": phone.normalise}
    given = {kind: " ".join(text.split())[:LONGEST] for kind, text in contact.items() if text.strip()}
    return {kind: forms[kind](text) if kind in forms else text for kind, text in given.items()}


def _register(actor: Actor, controller: Controller, subject_id: int) -> Scope:
    """The scope in which a person's relationships in the whole register are reached, once `actor` may look at them."""
    activity = activity_of(actor=actor, controller=controller)
    if actor.kind != "system":
        person_scope(actor=actor, activity=activity, subject_id=subject_id)  # refuses who may not look
    everyone = Controller.objects.filter(register_id=controller.register_id).values_list("pk", flat=True)
    return Scope(system("deceased", everyone), activity, frozenset({subject_id}))
