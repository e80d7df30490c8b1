"""Declared interests (F1): what a person says they like, of the topics the controller offers; nothing is guessed."""

from collections.abc import Collection
from typing import Any

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact, retire_fact

CATEGORY = "interest"
_UNDER = ("consent_management", "self_service")
"""Activities under which a person states interests, the first that may record them."""


def activity_for(declared: Declaration) -> str | None:
    """The activity that may record interests; None where the controller keeps none."""
    for key in _UNDER:
        activity = declared.activity(key)
        if activity is not None and CATEGORY in activity.records:
            return key
    return None


def stated(*, actor: Actor, controller: Controller, subject_id: int) -> frozenset[str]:
    """The topics the person has said yes to at the controller."""
    activity = activity_for(current(controller_id=controller.pk, on=clock.today()))
    if activity is None:
        return frozenset()
    with Scope(actor, activity, frozenset({subject_id})):
        return _standing(controller, subject_id)


def state(*, actor: Actor, controller: Controller, subject_id: int, topics: Collection[str]) -> int:
    """These topics and no others are the person's; how many changed. Topics that are not offered are left out."""
    declared = current(controller_id=controller.pk, on=clock.today())
    activity = activity_for(declared)
    if activity is None:
        return 0
    wanted = {topic.key for topic in declared.topics} & set(topics)
    with Scope(actor, activity, frozenset({subject_id})) as scope:
        before = _standing(controller, subject_id)
        here: dict[str, Any] = {
            "scope": scope,
            "subject_id": subject_id,
            "controller_id": controller.pk,
            "at": clock.now(),
        }
        for topic in sorted(wanted - before):
            record_fact(**here, category=CATEGORY, kind=_kind(topic), value=topic, source="data_subject")
        for topic in sorted(before - wanted):
            retire_fact(**here, kind=_kind(topic))
    return len(wanted ^ before)


def _standing(controller: Controller, subject_id: int) -> frozenset[str]:
    rows = Fact.objects.filter(
        subject_id=subject_id,
        controller_id=controller.pk,
        kind__startswith=f"{CATEGORY}.",
        superseded_at__isnull=True,
    )
    return frozenset(kind.partition(".")[2] for kind in rows.values_list("kind", flat=True))


def _kind(topic: str) -> str:
    return f"{CATEGORY}.{topic}"
