"""Staff look people up (A9): a purpose first, then only whom and what that purpose may see, and all of it on record.

A search is one event with its number of hits, and a read for each person it lists; opening a person is a read. What a
purpose may not see is not searched in either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tillit.audit.events import PERSON_READ, PERSON_SEARCHED
from tillit.audit.operations import append
from tillit.bonus.queries import ChainBalance, overview
from tillit.consent.queries import Switch, switches
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import category_key
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import lookup, names
from tillit.parties.actors import person_scope, within_reach
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.privacy.outlook import Cell, outlook
from tillit.purchases.queries import Receipt, receipts

SHOWN = 25
_CANDIDATES = 500
By = Literal["name", "email", "phone", "number"]
NEEDS: dict[By, str] = {"name": "identity", "number": "identity", "email": "contact", "phone": "contact"}


@dataclass(frozen=True)
class Hit:
    """A person found: what tells people apart, as far as the purpose may see it."""

    subject_id: int
    name: str
    place: str
    ties: tuple[Relationship, ...]


@dataclass(frozen=True)
class Found:
    """The hits shown, whether there were more, and whether the purpose may be searched in that way at all."""

    hits: tuple[Hit, ...] = ()
    more: bool = False
    allowed: bool = True


@dataclass(frozen=True)
class PersonView:
    """One person as a purpose may see them. `facts` and `sealed` by category; empty parts are not seen or not there."""

    name: str
    ties: list[Relationship]
    facts: dict[str, list[Fact]]
    sealed: dict[str, list[SealedFact]]
    cells: list[Cell]
    choices: list[Switch] = field(default_factory=list)
    chains: list[ChainBalance] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


def purposes(*, actor: Actor, controller: Controller) -> list[str]:
    """Activities the actor may perform that the controller declares, in the declaration's order."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return [a.key for a in declared.activities if a.key in (actor.activities or ())]


def seen(*, controller: Controller, activity: str) -> frozenset[str]:
    """Categories the activity may see at the controller."""
    declared = current(controller_id=controller.pk, on=clock.today())
    found = declared.activity(activity)
    return frozenset() if found is None else declared.named(found)


def search(*, actor: Actor, controller: Controller, activity: str, by: By, text: str) -> Found:
    """Whom the text finds among the people the actor may look up. Raises `ScopeError` for a purpose not the actor's."""
    if NEEDS[by] not in seen(controller=controller, activity=activity):
        return Found(allowed=False)
    candidates = _candidates(controller, activity, by, text)
    reach = within_reach(actor=actor, subject_ids=candidates)
    people = [subject for subject in candidates if subject in reach]
    shown = people[:SHOWN]
    with Scope(actor, activity, frozenset(shown)) as scope:
        hits = _hits(shown)
        append(
            type=PERSON_SEARCHED,
            scope=scope,
            controller=controller.pk,
            details={"purpose": activity, "by": by, "hits": len(people)},
        )
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subjects=shown,
            details={"purpose": activity, "categories": ["identity"]},
        )
    return Found(tuple(hits), more=len(people) > SHOWN)


def look(*, actor: Actor, controller: Controller, activity: str, subject_id: int) -> PersonView:
    """One person, shaped by the purpose; on record. Raises `NotAssignedError` when the actor may not look."""
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        people = same_person(subject_id)
        cells = [cell for one in people for cell in outlook(subject_id=one)]
        categories = {cell.category for cell in cells}
        facts: dict[str, list[Fact]] = {}
        for fact in Fact.objects.filter(subject_id__in=people, superseded_at__isnull=True).order_by("kind"):
            facts.setdefault(category_key(fact.category), []).append(fact)
        sealed: dict[str, list[SealedFact]] = {}
        for one in SealedFact.objects.filter(subject_id__in=people, superseded_at__isnull=True).order_by("kind"):
            sealed.setdefault(category_key(one.category), []).append(one)
        known = {fact.kind: fact.value for group in facts.values() for fact in group}
        view = PersonView(
            name=_name(known),
            ties=list(Relationship.objects.filter(subject_id__in=people).order_by("started")),
            facts=facts,
            sealed=sealed,
            cells=cells,
            choices=switches(subject_id=subject_id, controller_id=controller.pk)
            if "consent_record" in categories
            else [],
            chains=overview(subject_id=subject_id, on=clock.today()) if "bonus" in categories else [],
            receipts=receipts(subject_ids=[subject_id], limit=10) if "purchase" in categories else [],
        )
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": activity, "categories": sorted(categories)},
        )
    return view


def _candidates(controller: Controller, activity: str, by: By, text: str) -> Sequence[int]:
    """People of the register that the text finds; whom of them the actor may see is decided afterwards."""
    register = controller.register_id
    if by == "name":
        everyone = system("search", {controller.pk, holder_of(controller_id=controller.pk)})
        try:
            with Scope(everyone, activity):
                return names.search(text=text, limit=_CANDIDATES)
        except IdentifierError:
            return []
    if by == "number":
        found = lookup.by_number(register_id=register, text=text)
    else:
        found = lookup.by_address(register_id=register, text=text)
    return [] if found is None else [found]


def _hits(subjects: list[int]) -> list[Hit]:
    """Name, place and ties of each, in their order, as far as the open scope sees."""
    known: dict[int, dict[str, str]] = {subject: {} for subject in subjects}
    rows = Fact.objects.filter(subject_id__in=subjects, superseded_at__isnull=True)
    for subject, kind, value in rows.values_list("subject_id", "kind", "value"):
        known[subject][kind] = value
    ties: dict[int, list[Relationship]] = {subject: [] for subject in subjects}
    for tie in Relationship.objects.filter(subject_id__in=subjects).order_by("started"):
        ties[tie.subject_id].append(tie)
    return [
        Hit(subject, _name(facts), facts.get("address.city", ""), tuple(ties[subject]))
        for subject, facts in known.items()
    ]


def _name(facts: dict[str, str]) -> str:
    parts = [facts[kind] for kind in ("name.given", "name.middle", "name.family") if kind in facts]
    return " ".join(parts) or facts.get("name.full", "")
