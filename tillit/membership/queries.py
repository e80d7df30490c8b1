"""Which terms a person must accept, and who has not (A4). Where continued use is acceptance, nobody must."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Max

from tillit.declaration.models import DeclarationVersion
from tillit.declaration.queries import to_accept
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import TermsAcceptance
from tillit.parties.merging import same_people, same_person


@dataclass(frozen=True)
class Asked:
    """The version to accept, the newest that the person accepted (None: never any), and whether it holds already."""

    version: DeclarationVersion
    accepted: int | None
    in_effect: bool


def owing(controller_id: int, subject_ids: frozenset[int]) -> frozenset[int]:
    """Those of the people who have not accepted the newest version in effect that must be."""
    today = clock.today()
    due = [v for v in to_accept(controller_id=controller_id) if v.effective <= today]
    if not due:
        return frozenset()
    with Scope(system("terms", {controller_id}), "retention"):
        known_by = same_people(subject_ids)
        done = TermsAcceptance.objects.filter(
            controller_id=controller_id, version__gte=due[-1].number, subject_id__in=known_by
        )
        people = {known_by[one] for one in done.values_list("subject_id", flat=True)}
        return frozenset(one for one in subject_ids if known_by[one] not in people)


def asked_of(*, subject_id: int, controller_id: int, on: date) -> Asked | None:
    """What the person is asked to accept now: the newest version in effect or to come; None when it is done."""
    asked = to_accept(controller_id=controller_id)
    if not asked:
        return None
    with Scope(system("terms", {controller_id}), "retention", frozenset({subject_id})):
        mine = TermsAcceptance.objects.filter(subject_id__in=same_person(subject_id), controller_id=controller_id)
        latest = mine.aggregate(latest=Max("version"))["latest"]
    newest = asked[-1]
    return None if (latest or 0) >= newest.number else Asked(newest, latest, newest.effective <= on)
