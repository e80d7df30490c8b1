"""What a register tells of one person, taken in: names, address, protection, emigration, number, death (A7).

Only what the activity may record is looked at, and every change is recorded with the register as its source, told to
the person (their events), and to whoever received what it corrects (GDPR 19).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.cases.rights import CORRECTABLE
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.declaration.schema import Declaration
from tillit.disclosure.models import What
from tillit.journeys import events, person_facts
from tillit.journeys.deceased import record_death
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel.scope import Scope, system
from tillit.parties import deaths, protection
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, SealedFact
from tillit.parties.operations import NewFact, open_fact, record_facts, retire_fact
from tillit.registers.protocol import Told
from tillit.registers.sources import Source, wanted

EMIGRATED = "emigrated"
"""Kind of the fact that somebody has left the country: the day and the country, where they are told."""
_NAMES = ("name.given", "name.middle", "name.family")


def take_in_person(
    *,
    scope: Scope,
    controller: Controller,
    declaration: Declaration,
    source: Source,
    subject_id: int,
    told: Told,
    at: datetime,
) -> str:
    """Take in what is told of a person, in an open scope that names them; the outcome, a code of the checks.

    Raises `RestrictedPersonError`, `UnknownSubjectError`.
    """
    if not told.found:
        return "not_found"
    may = wanted(declaration, source)
    here = _Person(scope, controller, source, subject_id, at)
    proven = here.proven()
    if not proven and not here.called(told):
        return "another_person"  # nothing of theirs is recorded here; a colleague looks
    if source.sealed and not proven:
        return here.compared(told)
    changed = here.facts({kind: value for kind, value in told.names.items() if kind in may}, drop=_NAMES)
    protected = False
    if "protection" in may and told.protection:
        protected = here.protect(told)
        changed |= {"address.protection"} if protected else set()
    elif "address" in may:
        changed |= here.address(told)
    if "emigrated" in may:
        changed |= here.emigration(told)
    another = "national_number" in may and here.number(told, changed)
    died = "deceased" in may and here.death(told)
    here.tell(changed)
    if another:
        return "another_person"
    return "deceased" if died else "protected" if protected else "changed" if changed else "unchanged"


class _Person:
    """One person at a controller, while the answer about them is taken in."""

    def __init__(self, scope: Scope, controller: Controller, source: Source, subject_id: int, at: datetime) -> None:
        self.scope, self.controller, self.source, self.subject, self.at = scope, controller, source, subject_id, at
        self.holder = holder_of(controller_id=controller.pk)
        self.where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": self.holder}

    def proven(self) -> bool:
        """Whether what was asked about is known to be the person's: it finds them. What they typed themselves does not
        yet, and a telephone number is no proof of who answers to it.
        """
        number = self._number()
        return bool(number) and self._finds(number) in same_person(self.subject)

    def called(self, told: Told) -> bool:
        """Whether given and family name are those that are told. A middle name may be missing on one side; a person
        without names has none to compare.
        """
        rows = Fact.objects.filter(subject_id=self.subject, kind__in=_NAMES, superseded_at__isnull=True)
        return _same_name(dict(rows.order_by("collected_at").values_list("kind", "value")), told.names)

    def compared(self, told: Told) -> str:
        """What comes of a number that the person typed themselves, where the name agrees: whether the register has them
        where they say. Who knows a name and a number has not shown who they are, and learns nothing here: nothing of
        the register's is recorded, and the number finds nobody, until a colleague has seen whose it is. That an address
        is protected holds all the same, for the one that they gave.
        """
        if told.protection:
            self.protect(told, known=False)
            return "another_person"
        number = self._number()
        if told.died or self._finds(number) is not None:
            return "another_person"
        rows = Fact.objects.filter(subject_id=self.subject, kind__in=person_facts.ADDRESS, superseded_at__isnull=True)
        typed = dict(rows.values_list("kind", "value"))
        same = all(_plain(typed.get(kind)) == _plain(told.address.get(kind)) for kind in person_facts.ADDRESS)
        return "confirmed" if same and told.identifier in ("", number) and told.state == "resident" else "differs"

    def facts(self, values: Mapping[str, str], *, drop: tuple[str, ...]) -> set[str]:
        """Record the facts, and retire those of `drop` that are not among them; the kinds that changed."""
        if not values:
            return set()
        rows = Fact.objects.filter(subject_id=self.subject, controller_id=self.holder, superseded_at__isnull=True)
        before = dict(rows.filter(kind__in=[*values, *drop]).values_list("kind", "value"))
        new = [NewFact(_category(kind), kind, value) for kind, value in values.items()]
        record_facts(**self.where, facts=new, source=self.source.key, at=self.at)
        gone = {kind for kind in drop if kind in before and kind not in values}
        for kind in gone:
            retire_fact(**self.where, kind=kind, at=self.at)
        return gone | {kind for kind, value in values.items() if before.get(kind) != value}

    def protect(self, told: Told, *, known: bool = True) -> bool:
        """The address is protected: sealed, and nowhere in clear; whether that is new. `known`: it is the told one."""
        parts = (told.address or None) if known else None
        kept = protection.protect(**self.where, level=told.protection, source=self.source.key, at=self.at, known=parts)
        if kept:
            details = {"source": self.source.key, "level": told.protection}
            self._append(events.ADDRESS_PROTECTED, details)
        return kept

    def address(self, told: Told) -> set[str]:
        """The address, which this source does not protect, or no longer; the kinds that changed.

        It lifts its own protection only: what somebody else asked for stands, and the address is sealed.
        """
        said: dict[str, Any] = {"source": self.source.key, "at": self.at}
        by = protection.sources(subject_id=self.subject)
        if by - {self.source.key} or (by and protection.taken_over(**self.where, **said)):
            return protection.replace(**self.where, **said, parts=told.address)
        lifted = set()
        if protection.lift(**self.where, **said):
            self._append(events.PROTECTION_LIFTED, {"source": self.source.key})
            lifted = {protection.KIND}
        return lifted | self.facts(told.address, drop=protection.PARTS)

    def emigration(self, told: Told) -> set[str]:
        """Who has left the country lives at no address here; who is back has not left."""
        if told.state != "emigrated":
            return {EMIGRATED} if retire_fact(**self.where, kind=EMIGRATED, at=self.at) else set()
        said = " ".join(filter(None, (told.left_on.isoformat() if told.left_on else "", told.left_for))) or "unknown"
        gone = set()
        if not told.address:
            gone = {kind for kind in protection.PARTS if retire_fact(**self.where, kind=kind, at=self.at)}
        return gone | self.facts({EMIGRATED: said}, drop=())

    def number(self, told: Told, changed: set[str]) -> bool:
        """The identifier is another now (a D-number became a national number). Whether somebody else has it here: then
        both stay as they are, and a colleague looks whether they are one person.
        """
        try:
            if person_facts.keep(
                **self.where,
                register_id=self.controller.register_id,
                kind="national_number",
                text=told.identifier,
                source=self.source.key,
                at=self.at,
            ):
                changed.add("national_number")
        except AlreadyClaimedError:
            return True
        return False

    def death(self, told: Told) -> bool:
        """They have died; whether that is new."""
        if told.died is None or deaths.died(subject_id=self.subject) == told.died:
            return False
        record_death(
            actor=system("registers", {self.controller.pk, self.holder}),
            controller=self.controller,
            subject_id=self.subject,
            day=told.died,
            source=self.source.key,
            at=self.at,
        )
        return True

    def tell(self, changed: set[str]) -> None:
        """Put each change on record, and note who must be told of it. The register knows its own numbers."""
        for kind in sorted(changed):
            details = {"category": _category(kind), "kind": kind, "source": self.source.key}
            self._append(PERSON_CORRECTED, details)
        if categories := sorted({_category(kind) for kind in changed} - {self.source.asks}):
            for one in same_person(self.subject):
                tell_recipients(
                    subject_id=one,
                    register_id=self.controller.register_id,
                    what=What.RECTIFIED,
                    at=self.at,
                    categories=categories,
                )

    def _number(self) -> str:
        """The number that the register was asked by, where it is sealed; '' else."""
        rows = SealedFact.objects.filter(subject_id=self.subject, kind=self.source.asks, superseded_at__isnull=True)
        row = rows.first() if self.source.sealed else None
        return open_fact(scope=self.scope, fact=row) if row is not None else ""

    def _finds(self, number: str) -> int | None:
        return person_facts.finds(register_id=self.controller.register_id, number=number)

    def _append(self, kind: EventType, details: Mapping[str, str]) -> None:
        append(type=kind, scope=self.scope, controller=self.holder, subject=self.subject, details=details)


def _category(kind: str) -> str:
    return CORRECTABLE.get(kind, "contact")


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _same_name(known: Mapping[str, str], told: Mapping[str, str]) -> bool:
    """Whether the names are one person's: the family name and the first name are equal, and of the names between them
    one side has all that the other has.
    """
    mine, theirs = (
        (
            " ".join((names.get("name.given", ""), names.get("name.middle", ""))).casefold().split(),
            names.get("name.family", "").casefold(),
        )
        for names in (known, told)
    )
    if not (mine[0] and theirs[0] and mine[1]) or mine[1] != theirs[1] or mine[0][0] != theirs[0][0]:
        return False
    return set(mine[0]) <= set(theirs[0]) or set(theirs[0]) <= set(mine[0])
