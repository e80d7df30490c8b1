"""Those who received the person's data are told when it is corrected, erased or restricted (GDPR 19, H2, H3, H4).

What is owed is noted in the transaction of the change and shown on the case until each recipient has been told.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from tillit.cases import operations
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.disclosure import notices
from tillit.disclosure.models import Disclosure, Notice, What
from tillit.journeys.rights.acting import handling
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.tell_recipients import name_of, tell_recipients
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope


def owe(
    *, scope: Scope, case: Case, what: What, categories: Collection[str] | None, at: datetime
) -> list[dict[str, Any]]:
    """Note that every recipient of the categories (all with None) is to be told; an item for each, for the answer."""
    owed = tell_recipients(
        subject_id=case.subject_id,
        register_id=Controller.objects.values_list("register_id", flat=True).get(pk=case.controller_id),
        what=what,
        at=at,
        categories=categories,
        case_id=case.id,
        actor=scope.actor,
    )
    return [{"what": "telling", "recipient": one.name} for one in owed]


def of_case(case: Case) -> list[tuple[Notice, str]]:
    """The notices that the case led to, told or not, oldest first, as far as the open scope sees."""
    rows = Notice.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("owed_at", "id")
    found = Disclosure.objects.filter(subject_id=case.subject_id, id__in=rows.values("disclosure_id"))
    names = {row.id: name_of(row) for row in found}
    return [(row, names[row.disclosure_id]) for row in rows]


def told(*, actor: Actor, controller: Controller, case_id: int, notice_id: int, how: str) -> int:
    """The recipient of a notice has been told, or cannot be. How many: 0 when that was noted before."""
    if how not in notices.HOW:
        raise RequestError("how", f"one of {', '.join(notices.HOW)}")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        if not Notice.objects.filter(subject_id=case.subject_id, id=notice_id, case_id=case.id).exists():
            raise RequestError("no-notice", "there is no such notice in this case")
        at = clock.now()
        done = notices.told(scope=scope, subject_id=case.subject_id, notice_ids=[notice_id], how=how, at=at)
        if done:
            operations.take(scope=scope, case=case, step="recipients_told", at=at, details={"how": how})
    return done
