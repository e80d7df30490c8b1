"""Those who received the person's data are told when it is corrected, erased or restricted (GDPR 19, H2, H3, H4)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.disclosure.models import What as Change
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel.scope import Scope

What = Literal["rectification", "erasure", "restriction", "lifting"]
_CHANGES: dict[What, Change] = {
    "rectification": Change.RECTIFIED,
    "erasure": Change.ERASED,
    "restriction": Change.RESTRICTED,
    "lifting": Change.UNRESTRICTED,
}


def tell(
    *, scope: Scope, case: Case, what: What, categories: Collection[str] | None, at: datetime
) -> list[dict[str, Any]]:
    """See to it that every recipient of the categories (all with None) is told; an item for each, for the answer."""
    owed = tell_recipients(
        subject_id=case.subject_id,
        register_id=Controller.objects.values_list("register_id", flat=True).get(pk=case.controller_id),
        what=_CHANGES[what],
        at=at,
        categories=categories,
        case_id=case.id,
    )
    return [{"what": "telling", "recipient": one.name} for one in owed]
