"""Signs of misuse raised to staff with their evidence; heard, decided, reported, appealed (C13).

A termination ends the membership at once and keeps the person out while the case is open; what becomes of unused
bonus follows from leaving. A claim for damages and a report to the police are steps of the case, which keeps them.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.bonus import misuse
from tillit.bonus.misuse import ACTIVITY, CLEARED, MISUSE, MISUSE_KIND, TERMINATED, WARNED, Limits, Sign
from tillit.cases import operations, queries
from tillit.cases.errors import CaseError
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import police_report
from tillit.journeys.case_desk import handled
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.operations import send
from tillit.parties.queries import facts
from tillit.purchases.queries import Receipt, receipts

NOTICES = "important_notices"
REPORTED = "reported"
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


def queue(*, actor: Actor, controller: Controller, show: str = "open", first: int = 0, most: int = 500) -> list[Case]:
    """The controller's cases (open, closed, all), the oldest first: `most` after the first so many. Raises `ScopeError`
    for who may not see them.
    """
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        found = queries.queue(controller_ids=[controller.pk], kind=MISUSE, show=show)
        return list(found.order_by("received_at", "id")[first : first + most])


def count_open(*, actor: Actor, controller: Controller) -> int:
    """How many cases are not closed."""
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        return queries.queue(controller_ids=[controller.pk], kind=MISUSE).count()


@dataclass(frozen=True)
class Shown:
    """A case with its log, its documents, the steps that may follow, and the purchases that it is about."""

    case: Case
    entries: Sequence[Entry]
    documents: Sequence[Document]
    name: str
    receipts: Sequence[Receipt]
    steps: tuple[str, ...]


def look(*, actor: Actor, controller: Controller, case_id: int) -> Shown:
    """A case as those who judge it see it; the look is on record. Raises `ScopeError`, `UnknownCaseError`."""
    with _opened(actor, controller, case_id) as (scope, case):
        known = facts(subject_id=case.subject_id)
        steps = tuple(name for name, one in MISUSE_KIND.steps.items() if case.stage in one.before)
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=case.subject_id,
            details={"purpose": ACTIVITY, "categories": ["identity", "misuse_case", "purchase"]},
        )
        return Shown(
            case=case,
            entries=queries.entries(case=case),
            documents=queries.documents(case=case),
            name=" ".join(known[kind] for kind in ("name.given", "name.family") if kind in known),
            receipts=receipts(subject_ids=[case.subject_id]),
            steps=() if case.closed_at else steps,
        )


def document(*, actor: Actor, controller: Controller, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a document of the case. Raises `UnknownCaseError`."""
    with _opened(actor, controller, case_id) as (scope, case):
        found = queries.document(case=case, document_id=document_id)
        return found.name, found.media_type, operations.open_document(scope=scope, document=found)


def _opened(actor: Actor, controller: Controller, case_id: int) -> AbstractContextManager[tuple[Scope, Case]]:
    return handled(actor=actor, controller=controller, case_id=case_id, activity=ACTIVITY, kinds={MISUSE})


def take(*, actor: Actor, controller: Controller, case_id: int, step: str, text: str, outcome: str = "") -> Case:
    """Staff take a step; `decided` and `appeal_decided` have an outcome: cleared, warned or terminated.

    The person is told of what they may see; a termination ends the membership; a report to the police is disclosed,
    and its document kept in the case. Stands or falls together. Raises `CaseError`, `ScopeError`, `UnknownCaseError`,
    `DisclosureRefusedError`.
    """
    deciding = step in {"decided", "appeal_decided"}
    if deciding != (outcome in OUTCOMES):
        raise CaseError("outcome", "a decision is cleared, warned or terminated")
    if deciding and not text.strip():
        raise CaseError("no-reason", "a decision has its reason")
    with _opened(actor, controller, case_id) as (scope, case):
        subject_id = case.subject_id
        entry = operations.take(scope=scope, case=case, step=step, at=clock.now(), text=text, outcome=outcome)
        if step == REPORTED:
            police_report.hand_over(scope=scope, case=case, controller=controller, text=text, at=clock.now())
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
