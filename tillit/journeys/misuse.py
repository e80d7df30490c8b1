"""Signs of misuse raised to staff with their evidence; heard, decided, reported, appealed (C13).

A termination ends the membership at once and keeps the person out while the case is open; what becomes of unused
bonus follows from leaving. A claim for damages and a report to the police are steps of the case, which keeps them.
"""

from collections import defaultdict
from datetime import datetime

from tillit.bonus import misuse
from tillit.bonus.misuse import ACTIVITY, CLEARED, MISUSE, TERMINATED, WARNED, Limits, Sign
from tillit.cases import operations, queries
from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.operations import send
from tillit.parties.actors import person_scope

NOTICES = "important_notices"
OUTCOMES = (CLEARED, WARNED, TERMINATED)


def raise_signs(*, controller: Controller, start: datetime, end: datetime, limits: Limits) -> list[Case]:
    """A case for everybody with signs in [start, end) who has none open; those opened. Again: none."""
    by_person: dict[int, list[Sign]] = defaultdict(list)
    opened = []
    with Scope(_acting(controller), ACTIVITY) as scope:
        for sign in misuse.signs(controller_id=controller.pk, start=start, end=end, limits=limits):
            by_person[sign.subject_id].append(sign)
        standing = Case.objects.filter(kind=MISUSE, controller_id=controller.pk, closed_at__isnull=True)
        known = set(standing.values_list("subject_id", flat=True))
        for subject, found in sorted(by_person.items()):
            if subject not in known:
                fields = {
                    "signs": [one.sign for one in found],
                    "evidence": {one.sign: f"{one.measured} > {one.limit}" for one in found},
                }
                opened.append(
                    operations.open_case(
                        scope=scope,
                        subject_id=subject,
                        controller_id=controller.pk,
                        kind=MISUSE,
                        channel="system",
                        at=clock.now(),
                        fields=fields,
                    )
                )
    return opened


def queue(*, actor: Actor, controller: Controller) -> list[Case]:
    """The controller's open cases, the oldest first. Raises `ScopeError` for who may not see them."""
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        found = queries.queue(controller_ids=[controller.pk], kind=MISUSE)
        return list(found.order_by("received_at", "id")[:500])


def take(*, actor: Actor, controller: Controller, case_id: int, step: str, text: str, outcome: str = "") -> Case:
    """Staff take a step; `decided` and `appeal_decided` have an outcome: cleared, warned or terminated.

    The person is told of what they may see; a termination ends the membership. Stands or falls together. Raises
    `CaseError`, `ScopeError`, `UnknownCaseError`.
    """
    deciding = step in {"decided", "appeal_decided"}
    if deciding != (outcome in OUTCOMES):
        raise CaseError("outcome", "a decision is cleared, warned or terminated")
    if deciding and not text.strip():
        raise CaseError("no-reason", "a decision has its reason")
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        subject_id = queries.case(case_id=case_id).subject_id
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        case = queries.case(case_id=case_id, subject_id=subject_id)
        if case.kind != MISUSE:
            raise CaseError("other-kind", "that is another kind of case")
        entry = operations.take(scope=scope, case=case, step=step, at=clock.now(), text=text, outcome=outcome)
        if entry.shown and step != "explained":
            _tell(controller, case, step=outcome or step, text=text)
        if outcome == TERMINATED:
            leave(subject_id=subject_id, controller_id=controller.pk, at=clock.now(), reason="breach_of_terms")
    return case


def refused(*, subject_id: int, controller_id: int) -> bool:
    """Whether the person was excluded by the controller, and that stands."""
    acting = system("join", {controller_id, holder_of(controller_id=controller_id)})
    with Scope(acting, ACTIVITY, frozenset({subject_id})):
        found = Case.objects.filter(subject_id=subject_id, kind=MISUSE, outcome=TERMINATED, closed_at__isnull=True)
        return found.filter(controller_id=controller_id).exists()


def _tell(controller: Controller, case: Case, *, step: str, text: str) -> None:
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    with Scope(_acting(controller), NOTICES, frozenset({case.subject_id})) as scope:
        send(
            scope=scope,
            subject_id=case.subject_id,
            controller_id=controller.pk,
            template=f"misuse_{step}",
            values={"text": text or "–"},
            at=clock.now(),
            language=language,
            case_id=case.id,
        )


def _acting(controller: Controller) -> Actor:
    return system("misuse", {controller.pk, holder_of(controller_id=controller.pk)})
