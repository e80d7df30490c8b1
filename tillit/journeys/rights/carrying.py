"""Carrying out what was asked, and answering it, in the open scope of the case. `handling` and `receive` call it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.journeys.rights import answers, fulfil
from tillit.journeys.rights.answers import Item
from tillit.journeys.rights.errors import RequestError
from tillit.kernel.scope import Scope
from tillit.parties.operations import wait_for_sets


def carry_out(
    *,
    scope: Scope,
    case: Case,
    address: str | None,
    at: datetime,
    text: str = "",
    ground: str | None = None,
    categories: Collection[str] | None = None,
    corrections: Mapping[str, str] | None = None,
) -> None:
    """Do it and answer, in one transaction. What is not given is as the person stated it.

    Raises `CaseError` `not-verified` before anything is done, `RequestError` for what lacks a ground or a value.
    """
    right, stated = case.fields["right"], case.fields
    if right in {"erasure", "restriction"}:
        wait_for_sets(subject_id=case.subject_id)
    if case.verified_at is None:
        raise CaseError("not-verified", "the identity is verified before anything is carried out")
    step, items = "answered", list[Item]()
    match right:
        case "access" | "portability":
            items = fulfil.copy(scope=scope, case=case, at=at)
        case "withdrawal":
            items = fulfil.withdraw(
                scope=scope,
                case=case,
                activity=stated.get("activity", ""),
                channel=stated.get("channel", ""),
                at=at,
            )
        case "rectification":
            wanted = corrections if corrections is not None else stated.get("corrections", {})
            items = fulfil.rectify(scope=scope, case=case, corrections=wanted, at=at)
        case "erasure":
            part = categories if categories is not None else stated.get("categories", [])
            items = fulfil.erase(
                scope=scope, case=case, ground=ground or stated.get("ground", ""), categories=part, at=at
            )
        case "restriction":
            items = fulfil.restricted(scope=scope, case=case, ground=ground or stated.get("ground", ""), at=at)
            step = "in_force"
        case _:
            raise RequestError("to-be-decided", f"{right} is decided, not carried out")
    answers.give(
        scope=scope, case=case, step=step, outcome="carried_out", items=items, at=at, text=text, address=address
    )
