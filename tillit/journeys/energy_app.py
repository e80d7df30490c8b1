"""The visualisation app of a power customer: taken into use, and deleted (E7).

Deleting it ends its processing at once: in one transaction the account ends, and every row that the declaration lets
end with it goes, whichever table it is in. The contract, the points and the meter values are not the app's, and stay.
It is deleted by the customer on Min side or by staff on their word, or it is detected: the push service says that every
device of theirs is gone, which it says when the app was taken off them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import all_current
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import category_id
from tillit.journeys import events
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.models import PushSubscription
from tillit.parties.merging import same_people, same_person
from tillit.parties.operations import lock_subjects
from tillit.power.errors import PowerError
from tillit.power.insight import leaving
from tillit.power.models import AppAccount
from tillit.privacy import at_once
from tillit.privacy.models import Hold

ACTIVITY, EVENT = "app_operation", "app_deleted"


@dataclass(frozen=True)
class State:
    """Since when the person uses the app; None: they do not. `tables`: what holds rows that go with it."""

    since: datetime | None
    tables: tuple[str, ...]


def offered(declaration: Declaration) -> bool:
    """Whether the controller declares an app whose data goes with it."""
    return any(rule.clock == EVENT and rule.activity == ACTIVITY for rule in declaration.retention)


def state(*, controller: Controller, subject_id: int) -> State:
    """How it stands with the person."""
    people = frozenset(same_person(subject_id))
    with _scope(controller, people):
        account = AppAccount.objects.filter(subject_id__in=people, controller_id=controller.pk, ended_at=None).first()
    tables = at_once.tables(controller=controller, event=EVENT, at=clock.now())
    return State(account.started_at if account else None, tuple(tables))


def start(*, controller: Controller, subject_id: int, actor: Actor, at: datetime) -> bool:
    """The person takes the app into use; False when they use it already.

    Raises `PowerError` `no-app` where the controller declares none.
    """
    _, declared = all_current(on=clock.local_date(at)).get(controller.pk, ("", None))
    if declared is None or not offered(declared):
        raise PowerError("no-app", "the controller declares no such app")
    people = frozenset(same_person(subject_id))
    with transaction.atomic():
        with _scope(controller, people):
            if AppAccount.objects.filter(subject_id__in=people, controller_id=controller.pk, ended_at=None).exists():
                return False
            AppAccount.objects.create(subject_id=subject_id, controller_id=controller.pk, started_at=at)
        append(type=events.APP_STARTED, actor=actor, activity=ACTIVITY, controller=controller.pk, subject=subject_id)
    return True


def delete(*, controller: Controller, subject_id: int, actor: Actor, how: str, at: datetime) -> dict[str, int]:
    """The person has deleted the app: table → rows that went with it. Again: what has come since goes. Its alerts that
    wait in the outbox are not sent, and those that were sent keep nothing of what they said.

    how: `min_side`, `staff` or `detected`. All or nothing.
    """
    people = same_person(subject_id)
    with transaction.atomic():
        with _scope(controller, frozenset(people)) as scope:
            lock_subjects(scope=scope, subject_ids=people)
            mine = AppAccount.objects.filter(subject_id__in=people, controller_id=controller.pk, ended_at=None)
            used = mine.update(ended_at=at, ended_by=how)
        gone = at_once.happened(controller=controller, subject_ids=people, event=EVENT, activity=ACTIVITY, at=at)
        leaving.forget(controller_id=controller.pk, subject_ids=people, keep=_held(controller, people), at=at)
        rows = sum(gone.values())
        if used or rows:
            append(
                type=events.APP_DELETED, actor=actor, activity=ACTIVITY, controller=controller.pk, subject=subject_id,
                details={"how": how, "rows": rows},
            )  # fmt: skip
    return gone


def detect_everywhere() -> int:
    """End the app for those whose every device the push service says is gone since they took it into use; how many."""
    found = 0
    for controller in Controller.objects.order_by("pk"):
        _, declared = all_current(on=clock.today()).get(controller.pk, ("", None))
        if declared is None or not offered(declared):
            continue
        with _scope(controller, None):
            people = _left(controller)
        for subject_id in people:
            actor = system("app", {controller.pk})
            delete(controller=controller, subject_id=subject_id, actor=actor, how="detected", at=clock.now())
            found += 1
    return found


def _left(controller: Controller) -> list[int]:
    """Users of the app of whom a device went after they took it into use, and no other of theirs is left, whichever of
    their subjects it is of.
    """
    devices = PushSubscription.objects.filter(controller_id=controller.pk, removed_at=None)
    gone = list(devices.filter(gone_at__isnull=False).values_list("subject_id", "gone_at"))
    own = same_people([subject for subject, _ in gone])
    last: dict[int, datetime] = {}
    for subject, at in gone:
        person = own[subject]
        if at is not None:
            last[person] = max(at, last.get(person, at))
    some = devices.filter(gone_at=None, subject_id__in=own).values_list("subject_id", flat=True)
    left = {own[subject] for subject in some}
    using = AppAccount.objects.filter(controller_id=controller.pk, ended_at=None, subject_id__in=own)
    since = {own[subject]: at for subject, at in using.values_list("subject_id", "started_at")}
    return sorted(person for person, at in since.items() if person not in left and last[person] >= at)


def _held(controller: Controller, people: Collection[int]) -> set[int]:
    """Of the people, those whose messages a hold keeps as they are (D11)."""
    message = category_id("message")
    with Scope(system("retention", {controller.pk}), "retention", frozenset(people)):
        holds = Hold.objects.filter(subject_id__in=people, controller_id=controller.pk, released=None)
        return {one.subject_id for one in holds if not one.categories or message in one.categories}


def _scope(controller: Controller, people: frozenset[int] | None) -> Scope:
    return Scope(system("app", {controller.pk}), ACTIVITY, people)
