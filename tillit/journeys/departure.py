"""Ending one's own relationships with a controller: a membership (C13), a customership, a subscription.

A membership ends as `leave` ends it. What follows is the declaration's retention, which runs by itself.
"""

from django.db import transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.events import RELATIONSHIP_ENDED
from tillit.journeys.leave import ACTIVITY, leave
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.parties.operations import end_relationship

OWN = ("member", "customer", "subscriber")
"""Relationships a person may end on the own pages; an employment ends elsewhere."""
CUSTOMERS = "customer_administration"


@transaction.atomic
def depart(*, actor: Actor, controller: Controller, subject_id: int) -> int:
    """End the person's own relationships with the controller today; how many ended.

    `actor` is the member; the journey acts under the activity that the controller declares for keeping members or
    customers, on this person's rows only.
    """
    declaration, at, ended = current(controller_id=controller.pk, on=clock.today()), clock.now(), 0
    if declaration.activity(ACTIVITY):
        acting = _acting(actor, ACTIVITY)
        left = leave(subject_id=subject_id, controller_id=controller.pk, at=at, actor=acting)
        ended += len(left.controllers)
    if declaration.activity(CUSTOMERS):
        with Scope(_acting(actor, CUSTOMERS), CUSTOMERS) as scope:
            rows = Relationship.objects.filter(
                subject_id__in=same_person(subject_id),
                controller_id=controller.pk,
                kind__in=OWN,
                ended__isnull=True,
            )
            for row in list(rows):
                ended += end_relationship(
                    scope=scope,
                    subject_id=row.subject_id,
                    controller_id=row.controller_id,
                    kind=row.kind,
                    ended=max(clock.local_date(at), row.started),
                    reason="own_wish",
                )
                append(
                    type=RELATIONSHIP_ENDED,
                    scope=scope,
                    controller=row.controller_id,
                    subject=subject_id,
                    details={"kind": row.kind, "reason": "own_wish"},
                )
    return ended


def _acting(actor: Actor, activity: str) -> Actor:
    return Actor(actor.kind, actor.ref, actor.controllers, frozenset({activity}), actor.subjects)
