"""Two registrations of one person become one, and are parted again (C3): staff find out, the person is told.

The act is on record for both, with its reason, and can be undone as long as both are there. What it does is said in
`parties.merging` (subjects), `consent.merging` (choices) and `bonus.pooling` (value).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tillit.audit.events import PEOPLE_MERGED, PEOPLE_PARTED, PERSON_READ
from tillit.audit.operations import append
from tillit.bonus import pooling
from tillit.consent import merging as choices
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.operations import send
from tillit.parties import merging
from tillit.parties.actors import person_scope
from tillit.parties.errors import MergeRefusedError, NotAssignedError
from tillit.parties.models import Fact, Login, Relationship, Subject
from tillit.parties.operations import open_account

UNDER = ("membership_administration", "customer_administration")
REASONS = ("same_person", "duplicate_import", "joined_twice", "own_request", "mistake")
NOTICE = "important_notices"


@dataclass(frozen=True)
class Side:
    """One of two registrations as a colleague compares them: current facts, relationships, what is merged into it."""

    subject_id: int
    facts: dict[str, str]
    ties: tuple[Relationship, ...]
    aliases: tuple[int, ...]


def activity_of(*, actor: Actor, controller: Controller) -> str:
    """The activity under which the actor keeps the register. Raises `NotAssignedError` for who does not."""
    declared = current(controller_id=controller.pk, on=clock.today())
    for key in UNDER:
        if declared.activity(key) and (actor.activities is None or key in actor.activities):
            return key
    raise NotAssignedError("not-assigned", "you do not keep the register here")


def compare(*, actor: Actor, controller: Controller, subject_ids: tuple[int, int]) -> tuple[Side, Side]:
    """Both registrations side by side, each look on record. Raises `NotAssignedError`."""
    first, second = (_side(actor, controller, one) for one in subject_ids)
    return first, second


def _side(actor: Actor, controller: Controller, subject_id: int) -> Side:
    activity = activity_of(actor=actor, controller=controller)
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        rows = Fact.objects.filter(subject_id=subject_id, superseded_at__isnull=True).order_by("kind")
        ties = Relationship.objects.filter(subject_id=subject_id).order_by("started")
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": activity, "categories": ["contact", "identity", "relationship"]},
        )
        facts = dict(rows.values_list("kind", "value"))
        return Side(subject_id, facts, tuple(ties), merging.same_person(subject_id)[1:])


def merged_into(*, subject_id: int) -> tuple[int, ...]:
    """What is merged into the person, in a fixed order."""
    return merging.same_person(subject_id)[1:]


@transaction.atomic
def merge(*, actor: Actor, controller: Controller, subject_id: int, into: int, reason: str, at: datetime) -> None:
    """Make `subject_id` one with `into`, who must both be the controller's. Told to the person, on record for both.

    Raises `NotAssignedError` for somebody the actor may not look at, `MergeRefusedError` (see `parties.merging.merge`,
    and `merge-reason` for a reason that is none of `REASONS`).
    """
    activity, everyone = _may(actor, controller, (subject_id, into), reason)
    join(
        actor=everyone, activity=activity, controller=controller, subject_id=subject_id, into=into, reason=reason, at=at
    )


@transaction.atomic
def join(
    *, actor: Actor, activity: str, controller: Controller, subject_id: int, into: int, reason: str, at: datetime
) -> None:
    """What `merge` does, once it is established that both are one person. actor: for every controller of the register.
    Raises `MergeRefusedError`.
    """
    everyone = actor
    with Scope(everyone, activity, frozenset({subject_id, into})) as scope:
        merging.merge(scope=scope, subject_id=subject_id, into=into)
        choices.carry_over(scope=scope, subject_id=subject_id, own=into, controllers=everyone.controllers, at=at)
        if Login.objects.filter(subject_id=subject_id, is_active=True).exists():
            open_account(scope=scope, subject_id=into, register_id=controller.register_id, at=at)
        with Scope(system("merging", everyone.controllers), "bonus_earning", frozenset({subject_id, into})) as earning:
            pooling.repay_everywhere(scope=earning, subject_ids=[into], at=at)
        details = {"into": into, "ground": reason}
        for one in (subject_id, into):
            append(type=PEOPLE_MERGED, scope=scope, controller=controller.pk, subject=one, at=at, details=details)
    _tell(controller, into, "merged", f"merge-{subject_id}-{at:%Y%m%d%H%M%S}", at)


@transaction.atomic
def unmerge(*, actor: Actor, controller: Controller, subject_id: int, reason: str, at: datetime) -> int:
    """Part the alias from the person again, each with what it held; whom it was merged into. Raises as `merge`."""
    activity, everyone = _may(actor, controller, (subject_id,), reason)
    with Scope(everyone, activity, frozenset({subject_id, merging.own(subject_id)})) as scope:
        own = merging.unmerge(scope=scope, subject_id=subject_id)
        choices.part(scope=scope, subject_id=subject_id, own=own, controllers=everyone.controllers, at=at)
        with Scope(system("merging", everyone.controllers), "bonus_earning", frozenset({subject_id, own})) as earning:
            pooling.give_back(scope=earning, subject_id=subject_id, own=own, at=at)
        for one in (subject_id, own):
            append(
                type=PEOPLE_PARTED,
                scope=scope,
                controller=controller.pk,
                subject=one,
                at=at,
                details={"ground": reason},
            )
    for one in (subject_id, own):
        _tell(controller, one, "parted", f"unmerge-{subject_id}-{at:%Y%m%d%H%M%S}", at)
    return own


def _may(actor: Actor, controller: Controller, subject_ids: tuple[int, ...], reason: str) -> tuple[str, Actor]:
    """The activity, and the actor for the whole register: what one person is, they are to every controller of it."""
    if reason not in REASONS:
        raise MergeRefusedError("merge-reason", f"the reason is one of {', '.join(REASONS)}")
    if Subject.objects.filter(pk__in=subject_ids).exclude(register_id=controller.register_id).exists():
        raise MergeRefusedError("other-register", "people of two registers cannot be joined")
    activity = activity_of(actor=actor, controller=controller)
    for one in subject_ids:
        person_scope(actor=actor, activity=activity, subject_id=merging.own(one))
    controllers = frozenset(Controller.objects.filter(register_id=controller.register_id).values_list("id", flat=True))
    return activity, Actor(actor.kind, actor.ref, controllers | actor.controllers, actor.activities)


def _tell(controller: Controller, subject_id: int, template: str, key: str, at: datetime) -> None:
    """A message, where the controller declares important notices; the log of events tells of it in any case."""
    declared = current(controller_id=controller.pk, on=clock.today())
    if declared.activity(NOTICE) is None:
        return
    controllers = Controller.objects.filter(register_id=controller.register_id).values_list("id", flat=True)
    with Scope(system("merging", controllers), NOTICE, frozenset({subject_id})) as scope:
        send(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            template=template,
            values={"name": declared.controller.name},
            at=at,
            key=key,
        )
