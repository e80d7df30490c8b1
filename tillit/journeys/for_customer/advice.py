"""Advice that somebody asks for, fitted to their gender where that matters, unless they object (D13).

Gender is read for nothing else, and only when advice is asked for: on Min side by the person, at the desk with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.consent.queries import may
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.person_facts import normal
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.actors import person_scope
from tillit.parties.merging import same_person
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact, retire_fact
from tillit.services import advice
from tillit.services.product_models import FITTED, Advice

ACTIVITY = "tailored_advice"


@dataclass(frozen=True)
class Given:
    """What is advised. fitted: whether gender was used; why: why not, in a code (`not-known`, `objected`, …)."""

    advice: Sequence[Advice]
    fitted: bool
    why: str = ""


def offered(*, controller: Controller) -> bool:
    """Whether the controller declares such advice, and has any."""
    on = clock.today()
    if current(controller_id=controller.pk, on=on).activity(ACTIVITY) is None:
        return False
    return any(advice.given(controller_id=controller.pk, gender=one, on=on) for one in ("", *FITTED))


def ask(*, controller: Controller, subject_id: int) -> Given:
    """The person asks, on Min side. The caller has made sure who it is."""
    with Scope(system("advice", {controller.pk}), ACTIVITY, frozenset({subject_id})):
        return _given(controller, subject_id)


def tell(*, controller: Controller, subject_id: int, gender: str) -> None:
    """The person tells their gender for that alone, or takes it back (''). Raises `ValueError` for what is none."""
    who: dict[str, Any] = {"subject_id": subject_id, "controller_id": controller.pk, "kind": "gender"}
    with Scope(system("advice", {controller.pk}), ACTIVITY, frozenset({subject_id})) as scope:
        if not gender:
            retire_fact(scope=scope, **who, at=clock.now())
            return
        value = normal("gender", gender)
        record_fact(scope=scope, **who, category="gender", value=value, source="data_subject", at=clock.now())


def look(*, actor: Actor, controller: Controller, subject_id: int) -> Given:
    """Staff give it to a person who asks; that gender was read is on record.

    Raises `ScopeError`, `NotAssignedError`.
    """
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        found = _given(controller, subject_id)
        if found.fitted:
            append(
                type=PERSON_READ,
                scope=scope,
                controller=controller.pk,
                subject=subject_id,
                details={"purpose": ACTIVITY, "categories": ["gender"]},
            )
        return found


def _given(controller: Controller, subject_id: int) -> Given:
    decision = may(controller_id=controller.pk, activity=ACTIVITY, subject_id=subject_id)
    gender, why = "", decision.reason
    if decision:
        rows = Fact.objects.filter(subject_id__in=same_person(subject_id), kind="gender", superseded_at__isnull=True)
        said = rows.order_by("collected_at").values_list("value", flat=True).last() or ""
        gender, why = (said, "") if said in FITTED else ("", "not-known" if not said else "")
    return Given(advice.given(controller_id=controller.pk, gender=gender, on=clock.today()), bool(gender), why)
