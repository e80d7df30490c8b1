"""A parent has something about a child removed from the web, under their mandate, until the child decides (D4, D12).

The case is the child's. How old the child is counts on the day of each act; from the declared age the child alone asks
and signs, by their own sign-in, and what the parent signed is over on that birthday.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tillit.cases import queries
from tillit.cases.errors import UnknownCaseError
from tillit.declaration.models import Controller
from tillit.journeys import family
from tillit.journeys.assistance import own
from tillit.journeys.family_ties import naming
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Actor, Scope
from tillit.parties.merging import same_person
from tillit.parties.queries import facts
from tillit.services.acting import mandates
from tillit.services.acting.models import WEB_CLEANUP, Mandate
from tillit.services.errors import ServiceError


@dataclass(frozen=True)
class Guardian:
    """A parent acting for a child. actor: the parent's own hand, over the child's rows alone; decides: the day from
    which the child does.
    """

    actor: Actor
    child: int
    name: str
    decides: date

    @property
    def who(self) -> dict[str, Any]:
        """As the functions of `own` take it."""
        return {"actor": self.actor, "subject_id": self.child}


def guardian(*, actor: Actor, controller: Controller, subject_id: int, member_id: int) -> Guardian:
    """The parent, for a child whom they consented for and who is too young to decide today.

    Raises `ServiceError`: `no-family`, `no-service`, `child-consents`.
    """
    tie = family.standing_member(controller, subject_id, member_id)
    decides = family.decides_on(controller, tie)
    if decides is None or decides <= clock.today():
        raise ServiceError("child-consents", "who is that old asks and signs by their own sign-in")
    with naming(controller, tie.subject_id):
        known = facts(subject_id=tie.subject_id)
    name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
    hand = replace(actor, subjects=frozenset(same_person(tie.subject_id)))
    return Guardian(hand, tie.subject_id, name, decides)


def one(*, of: Guardian, case_id: int, language: str) -> own.Shown:
    """A case of the child's. Raises `UnknownCaseError`."""
    shown = own.one(**of.who, service=WEB_CLEANUP, case_id=case_id, language=language)
    standing = shown.mandate
    text = mandates.wording(
        purpose=WEB_CLEANUP,
        controller_id=shown.case.controller_id,
        language=language,
        version=standing.version if standing is not None else None,
        by_guardian=True,
    )
    return replace(shown, wording=text)


def sign(*, of: Guardian, case_id: int, shown_text: str, language: str) -> Mandate:
    """The parent signs for the child what was read. It is over on the day the child decides. Raises `ActingError`."""
    until = datetime.combine(of.decides, time.min, ZoneInfo(DEFAULT_ZONE))
    with Scope(of.actor, own.OWN, frozenset({of.child})) as scope:
        case = queries.case(case_id=case_id, subject_id=of.child)
        if case.kind != WEB_CLEANUP:
            raise UnknownCaseError("no-case", "there is no such case")
        return mandates.sign(
            scope=scope, case=case, shown=shown_text, language=language, at=clock.now(), guardian_until=until
        )
