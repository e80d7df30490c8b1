"""What is done about a breach. Keyword-only; `actor` may perform `breach_handling` for the controller."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from tillit.audit.events import BREACH_NOTIFIED, BREACH_REGISTERED
from tillit.audit.operations import append
from tillit.cases import matters
from tillit.cases import operations as cases
from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages import operations as messages
from tillit.parties.models import Relationship
from tillit.privacy.breach.errors import BreachError
from tillit.privacy.breach.kind import (
    ACTIVITY,
    BREACH,
    INTRUSIONS,
    MATTER,
    NATURES,
    NOT_TOLD,
    RISKS,
    SOURCES,
)
from tillit.privacy.models import Breach

__all__ = ["ACTIVITY", "INTRUSIONS", "NATURES", "NOT_TOLD", "RISKS", "SOURCES"]


@transaction.atomic
def register(
    *,
    actor: Actor,
    controller_id: int,
    what: str,
    at: datetime,
    source: str = "staff",
    known_at: datetime | None = None,
    happened: tuple[datetime | None, datetime | None] = (None, None),
    nature: Collection[str] = (),
    categories: Collection[str] = (),
    persons: int | None = None,
    records: int | None = None,
    crime: bool = False,
    key: str | None = None,
) -> Breach:
    """Put a breach in the register, or, without `known_at`, a suspicion. `what`: what happened, naming nobody.

    The authority must be told within the declared hours of `known_at`. A `source` of `drill` is practice.
    """
    _words(source=(source, SOURCES), nature=(nature, NATURES), categories=(categories, vocabulary().categories))
    stated: dict[str, Any] = {"what": what, "nature": sorted(nature), "categories": sorted(categories), "crime": crime}
    stated |= {"persons": persons, "records": records, "happened_from": happened[0], "happened_until": happened[1]}
    with _desk(actor, controller_id) as scope, _told_as_breach():
        matter = matters.open_matter(
            scope=scope,
            controller_id=controller_id,
            kind=MATTER,
            source=source,
            at=at,
            fields={key: value for key, value in stated.items() if value is not None},
            known_at=known_at,
            key=key,
            drill=source == "drill",
        )
    breach = Breach.objects.get(pk=matter.pk)
    details: dict[str, Any] = {"case": breach.pk, "persons": persons or 0}
    _record(actor, breach, BREACH_REGISTERED, details | ({"due": breach.due_at} if breach.due_at else {}))
    return breach


@transaction.atomic
def confirm(*, actor: Actor, breach: Breach, known_at: datetime, at: datetime) -> Breach:
    """The suspicion is true: the clock to the authority has been running since `known_at`."""
    _take(actor, breach, "confirmed", at, known_at=known_at)
    return breach


@transaction.atomic
def assess(*, actor: Actor, breach: Breach, risk: str, at: datetime, text: str = "", **facts: Any) -> Breach:
    """Assess the risk to people: `none`, `risk` (the authority is told), `high` (and the people, too).

    `facts`: any of nature, categories, persons, records, crime, business (sensitive business information may be
    stolen), consequences, measures, happened_from, happened_until.
    """
    _open(breach)
    _words(risk=(risk, RISKS), nature=(facts.get("nature", ()), NATURES))
    _words(categories=(facts.get("categories", ()), vocabulary().categories))
    if breach.known_at is None and risk != "none":
        raise BreachError("still-suspected", "confirm first when it became known")
    _take(actor, breach, "assessed", at, text, fields={"risk": risk, **facts})
    return breach


@transaction.atomic
def affect(*, actor: Actor, breach: Breach, subject_ids: Iterable[int], at: datetime) -> int:
    """These people are concerned: a case each, once. Returns how many are new. Who has no tie to the controller and
    never had is refused (`not-affected`).
    """
    _open(breach)
    wanted = sorted(set(subject_ids))
    with _scope(actor, breach) as scope:
        tied = Relationship.objects.filter(subject_id__in=wanted, controller_id=breach.controller_id)
        strangers = set(wanted) - set(tied.values_list("subject_id", flat=True))
        if strangers:
            raise BreachError("not-affected", f"{len(strangers)} of them have never had anything to do with it")
        known = set(_cases(breach).values_list("subject_id", flat=True))
        new = [subject for subject in wanted if subject not in known]
        for subject in new:
            cases.open_case(
                scope=scope,
                subject_id=subject,
                controller_id=breach.controller_id,
                kind=BREACH,
                channel="staff",
                at=at,
                fields={"reference": breach.reference},
            )
    if new:
        with _desk(actor, breach.controller_id) as scope:
            matters.note(scope=scope, matter=breach, step="affected", at=at, text=str(len(new)))
    return len(new)


@transaction.atomic
def told_authority(*, actor: Actor, breach: Breach, at: datetime, reference: str = "", because: str = "") -> Breach:
    """The authority has the form. Past the deadline it must say why (GDPR 33(1)): `say-why-late`."""
    _open(breach)
    late = breach.due_at is not None and at > breach.due_at
    fields = {"authority_reference": reference}
    _take(actor, breach, "authority_told", at, because, fields=fields, because=because)
    _record(actor, breach, BREACH_NOTIFIED, {"case": breach.pk, "to": "authority", "late": late})
    return breach


def tell_people(*, actor: Actor, breach: Breach, at: datetime, advice: str, language: str | None = None) -> int:
    """Tell everyone concerned who has not been told, each in a message of nothing else (GDPR 34): what, when, which
    data and what to do. Returns how many. A drill tells nobody.
    """
    _open(breach)
    if breach.drill:
        return 0
    declared = current(controller_id=breach.controller_id, on=clock.local_date(at))
    spoken = language or declared.controller.languages[0]
    values = _said(breach, declared.controller.name, advice, spoken)
    told = 0
    with transaction.atomic():
        everyone = {breach.controller_id, holder_of(controller_id=breach.controller_id)}
        with Scope(system("breach", everyone), ACTIVITY) as scope:  # addresses may be held jointly
            waiting = list(_cases(breach).filter(stage="received"))
            messages.send_many(
                scope=scope,
                controller_id=breach.controller_id,
                template="breach_notice",
                people={case.subject_id: values for case in waiting},
                at=at,
                key=f"breach:{breach.reference}",
                language=spoken,
            )
        with _scope(actor, breach) as scope:
            for case in waiting:
                cases.take(scope=scope, case=case, step="told", at=at)
                told += 1
        if told:
            _take(actor, breach, "people_told", at, str(told))
            _record(actor, breach, BREACH_NOTIFIED, {"case": breach.pk, "to": "people"})
    return told


def _said(breach: Breach, name: str, advice: str, language: str) -> dict[str, str]:
    words = vocabulary()
    when = breach.happened_from or breach.known_at or breach.suspected_at
    categories = [words.categories[key].name(language) for key in breach.categories]
    return {
        "name": name,
        "what": breach.what,
        "when": clock.local_date(when).isoformat(),
        "data": ", ".join(categories) or "–",
        "consequences": breach.consequences or "–",
        "measures": breach.measures or "–",
        "advice": advice,
        "reference": breach.reference,
    }


@transaction.atomic
def need_not_tell(*, actor: Actor, breach: Breach, because: str, at: datetime, text: str = "") -> Breach:
    """Why people need not be told one by one: one of `NOT_TOLD`, on record with its reasons (GDPR 34(3))."""
    _open(breach)
    _words(because=(because, NOT_TOLD))
    _take(actor, breach, "people_not_told", at, text, fields={"people_not_because": because})
    return breach


@transaction.atomic
def told_business(*, actor: Actor, breach: Breach, at: datetime, text: str = "") -> Breach:
    """Customers have been told of the suspected theft of sensitive business information."""
    _open(breach)
    _take(actor, breach, "business_told", at, text)
    return breach


@transaction.atomic
def told_police(*, actor: Actor, breach: Breach, at: datetime, reference: str, text: str = "") -> Breach:
    """Reported to the police, under their number."""
    _open(breach)
    _take(actor, breach, "police_told", at, text, fields={"police_reference": reference, "crime": True})
    return breach


@transaction.atomic
def supplier_report(*, actor: Actor, breach: Breach, intrusion: str, text: str, at: datetime) -> Breach:
    """What the security supplier found: the type of intrusion, and in words."""
    _open(breach)
    _words(intrusion=(intrusion, INTRUSIONS))
    _take(actor, breach, "supplier_reported", at, text, fields={"intrusion": intrusion, "supplier_said": text})
    return breach


@transaction.atomic
def close(*, actor: Actor, breach: Breach, at: datetime, lessons: str, closed_as: str = "handled") -> Breach:
    """Everything owed is done, and what was learnt is written down. Raises `not-done` with what is missing.

    `closed_as` `unfounded`: a suspicion that was not true.
    """
    _open(breach)
    if closed_as == "unfounded" and breach.known_at is not None:
        raise BreachError("not-done", "it was confirmed: it cannot be unfounded")
    step = "unfounded" if closed_as == "unfounded" else "closed"
    _take(actor, breach, step, at, lessons, fields={"lessons": lessons}, outcome=closed_as)
    with _scope(actor, breach) as scope:
        for case in _cases(breach).filter(closed_at__isnull=True):
            cases.take(scope=scope, case=case, step="closed", at=at)
    return breach


def owed(breach: Breach) -> list[str]:
    """What the law and the declaration still ask for (`kind.owed`)."""
    return matters.owed(breach)


def _desk(actor: Actor, controller_id: int) -> Scope:
    return Scope(actor, ACTIVITY, controllers=frozenset({controller_id}))


@contextmanager
def _told_as_breach() -> Iterator[None]:
    """The engine's refusals under the desk's own name."""
    try:
        yield
    except CaseError as refused:
        code = "unknown-word" if refused.code.startswith("field-") else refused.code
        raise BreachError(code, str(refused)) from None


def _take(actor: Actor, breach: Breach, step: str, at: datetime, text: str = "", **given: Any) -> None:
    with _desk(actor, breach.controller_id) as scope, _told_as_breach():
        matters.take(scope=scope, matter=breach, step=step, at=at, text=text, **given)


def _scope(actor: Actor, breach: Breach) -> Scope:
    """In a joint register people are held jointly: a system actor reaches the holder's rows, staff only named ones."""
    mine = {breach.controller_id, holder_of(controller_id=breach.controller_id)} & actor.controllers
    whole = frozenset(mine or {breach.controller_id})
    return Scope(actor, ACTIVITY, controllers=whole, engine=True)  # whom it concerns, also by what is closed to staff


def _cases(breach: Breach) -> Any:
    return Case.objects.filter(
        controller_id=breach.controller_id, kind=BREACH, fields__reference=breach.reference
    ).order_by("subject_id")


def _open(breach: Breach) -> None:
    breach.refresh_from_db()
    if breach.closed_at is not None:
        raise BreachError("breach-closed", f"{breach.reference} is closed")


def _record(actor: Actor, breach: Breach, kind: Any, details: dict[str, Any]) -> None:
    with Scope(actor, ACTIVITY, controllers=frozenset({breach.controller_id})) as scope:
        append(type=kind, scope=scope, controller=breach.controller_id, details=details)


def _words(**given: tuple[Any, Collection[str]]) -> None:
    for name, (said, known) in given.items():
        for one in [said] if isinstance(said, str) else said:
            if one not in known:
                raise BreachError("unknown-word", f"{name}: '{one}' is none of {', '.join(known)}")
