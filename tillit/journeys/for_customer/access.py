"""Whether a service is open to a person: by their own agreement, or through the family of one who has it (D12)."""

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.services import agreements, family
from tillit.services.access import open_to


def may_use(*, controller: Controller, subject_id: int, service: str) -> bool:
    """Of the person's agreements, and those of whom they are helped through, nothing but this is told."""
    actor, today = system("services", {controller.pk}), clock.today()
    people = [subject_id]
    declared = current(controller_id=controller.pk, on=today)
    activity = declared.activity(service)
    if declared.activity(family.ACTIVITY) and activity is not None and family.KIND in activity.applies_to:
        with Scope(actor, family.ACTIVITY):
            people += [one.holder_id for one in family.of_member(subject_id=subject_id)]
    for one in people:
        with Scope(actor, agreements.ACTIVITY, frozenset({one})):
            if open_to(subject_id=one, controller_id=controller.pk, service=service, on=today):
                return True
    return False
