"""What is done about a breach. Keyword-only; `actor` may perform `breach_handling` for the controller."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from tillit.audit.events import BREACH_NOTIFIED, BREACH_REGISTERED
from tillit.audit.operations import append
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages import operations as messages
from tillit.parties.models import Relationship
from tillit.privacy.breach.errors import BreachError
from tillit.privacy.breach.kind import BREACH
from tillit.privacy.models import Breach, BreachStep

ACTIVITY = "breach_handling"
NATURES = ("confidentiality", "integrity", "availability")
SOURCES = ("staff", "person", "supplier", "anomaly", "authority", "drill")
RISKS = ("none", "risk", "high")
INTRUSIONS = (
    "none",
    "phishing",
    "malware",
    "ransomware",
    "credentials",
    "vulnerability",
    "insider",
    "lost_device",
    "other",
)
NOT_TOLD = ("no_high_risk", "protected", "risk_removed", "public_notice")
"""Why people need not be told one by one (GDPR 34(3)): unreadable to others, risk removed since, told publicly."""


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
    if known_at is not None and known_at > at:
        raise BreachError("known-early", "nobody can have known it later than now")
    Controller.objects.select_for_update().get(pk=controller_id)  # one number after the other
    year = clock.local_date(at).year
    number = 1 + Breach.objects.filter(controller_id=controller_id, reference__startswith=f"{year}-").count()
    breach = Breach.objects.create(
        controller_id=controller_id,
        reference=f"{year}-{number:03}",
        key=key,
        source=source,
        drill=source == "drill",
        suspected_at=at,
        known_at=known_at,
        due_at=_due(controller_id, known_at),
        happened_from=happened[0],
        happened_until=happened[1],
        nature=sorted(nature),
        categories=sorted(categories),
        persons=persons,
        records=records,
        crime=crime,
        what=what,
    )
    _step(actor, breach, "registered", at, what)
    details: dict[str, Any] = {"case": breach.pk, "persons": persons or 0}
    _record(actor, breach, BREACH_REGISTERED, details | ({"due": breach.due_at} if breach.due_at else {}))
    return breach


@transaction.atomic
def confirm(*, actor: Actor, breach: Breach, known_at: datetime, at: datetime) -> Breach:
    """The suspicion is true: the clock to the authority has been running since `known_at`."""
    _open(breach)
    if known_at > at or known_at < breach.suspected_at - timedelta(days=365):
        raise BreachError("known-early", "that cannot be when it became known")
    _change(actor, breach, "confirmed", at, known_at=known_at, due_at=_due(breach.controller_id, known_at))
    return breach


@transaction.atomic
def assess(*, actor: Actor, breach: Breach, risk: str, at: datetime, text: str = "", **facts: Any) -> Breach:
    """Assess the risk to people: `none`, `risk` (the authority is told), `high` (and the people, too).

    `facts`: any of nature, categories, persons, records, crime, consequences, measures, happened_from, happened_until.
    """
    _open(breach)
    _words(risk=(risk, RISKS), nature=(facts.get("nature", ()), NATURES))
    _words(categories=(facts.get("categories", ()), vocabulary().categories))
    allowed = {"nature", "categories", "persons", "records", "crime", "consequences", "measures"}
    if unknown := set(facts) - allowed - {"happened_from", "happened_until"}:
        raise BreachError("unknown-word", f"no such fact: {', '.join(sorted(unknown))}")
    if breach.known_at is None and risk != "none":
        raise BreachError("still-suspected", "confirm first when it became known")
    _change(actor, breach, "assessed", at, text, risk=risk, assessed_at=at, **facts)
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
        _step(actor, breach, "affected", at, str(len(new)))
    return len(new)


@transaction.atomic
def told_authority(*, actor: Actor, breach: Breach, at: datetime, reference: str = "", because: str = "") -> Breach:
    """The authority has the form. Past the deadline it must say why (GDPR 33(1)): `say-why-late`."""
    _open(breach)
    late = breach.due_at is not None and at > breach.due_at
    if late and not because.strip():
        raise BreachError("say-why-late", "the deadline has passed: say why the authority is told so late")
    facts = {"authority_at": at, "authority_reference": reference, "late_because": because}
    _change(actor, breach, "authority_told", at, because, **facts)
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
            _change(actor, breach, "people_told", at, str(told), people_at=at)
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
    _change(actor, breach, "people_not_told", at, text, people_not_because=because)
    return breach


@transaction.atomic
def told_business(*, actor: Actor, breach: Breach, at: datetime, text: str = "") -> Breach:
    """Customers have been told of the suspected theft of sensitive business information."""
    _open(breach)
    _change(actor, breach, "business_told", at, text, business_at=at)
    return breach


@transaction.atomic
def told_police(*, actor: Actor, breach: Breach, at: datetime, reference: str, text: str = "") -> Breach:
    """Reported to the police, under their number."""
    _open(breach)
    _change(actor, breach, "police_told", at, text, police_at=at, police_reference=reference, crime=True)
    return breach


@transaction.atomic
def supplier_report(*, actor: Actor, breach: Breach, intrusion: str, text: str, at: datetime) -> Breach:
    """What the security supplier found: the type of intrusion, and in words."""
    _open(breach)
    _words(intrusion=(intrusion, INTRUSIONS))
    _change(actor, breach, "supplier_reported", at, text, intrusion=intrusion, supplier_said=text, supplier_at=at)
    return breach


@transaction.atomic
def close(*, actor: Actor, breach: Breach, at: datetime, lessons: str, closed_as: str = "handled") -> Breach:
    """Everything owed is done, and what was learnt is written down. Raises `not-done` with what is missing.

    `closed_as` `unfounded`: a suspicion that was not true.
    """
    _open(breach)
    missing = owed(breach) if closed_as != "unfounded" else []
    if closed_as == "unfounded" and breach.known_at is not None:
        raise BreachError("not-done", "it was confirmed: it cannot be unfounded")
    if missing:
        raise BreachError("not-done", "before it is closed: " + ", ".join(missing))
    with _scope(actor, breach) as scope:
        for case in _cases(breach).filter(closed_at__isnull=True):
            cases.take(scope=scope, case=case, step="closed", at=at)
    _change(actor, breach, "closed", at, lessons, lessons=lessons, closed_at=at, closed_as=closed_as)
    return breach


def owed(breach: Breach) -> list[str]:
    """What the law and the declaration still ask for: `assess`, `authority`, `people`, `police`, `supplier`."""
    declared = current(controller_id=breach.controller_id, on=clock.today()).breach
    found = [] if breach.risk else ["assess"]
    if breach.risk in {"risk", "high"} and breach.authority_at is None:
        found.append("authority")
    if breach.risk == "high" and breach.people_at is None and not breach.people_not_because and not breach.drill:
        found.append("people")
    if breach.crime and declared.police_report and breach.police_at is None:
        found.append("police")
    if breach.crime and declared.supplier_report is not None and breach.supplier_at is None:
        found.append("supplier")
    return found


def _due(controller_id: int, known_at: datetime | None) -> datetime | None:
    if known_at is None:
        return None
    hours = current(controller_id=controller_id, on=clock.local_date(known_at)).breach.authority_within_hours
    return known_at + timedelta(hours=hours)


def _scope(actor: Actor, breach: Breach) -> Scope:
    """In a joint register people are held jointly: a system actor reaches the holder's rows, staff only named ones."""
    mine = {breach.controller_id, holder_of(controller_id=breach.controller_id)} & actor.controllers
    return Scope(actor, ACTIVITY, controllers=frozenset(mine or {breach.controller_id}))


def _cases(breach: Breach) -> Any:
    return Case.objects.filter(
        controller_id=breach.controller_id, kind=BREACH, fields__reference=breach.reference
    ).order_by("subject_id")


def _open(breach: Breach) -> None:
    breach.refresh_from_db()
    if breach.closed_at is not None:
        raise BreachError("breach-closed", f"{breach.reference} is closed")


def _change(actor: Actor, breach: Breach, step: str, at: datetime, text: str = "", **values: Any) -> None:
    for name, value in values.items():
        setattr(breach, name, sorted(value) if isinstance(value, (set, frozenset, tuple)) else value)
    breach.save(update_fields=list(values))
    _step(actor, breach, step, at, text)


def _step(actor: Actor, breach: Breach, step: str, at: datetime, text: str) -> None:
    BreachStep.objects.create(
        breach=breach, number=1 + breach.steps.count(), step=step, at=at, actor=str(actor), text=text
    )


def _record(actor: Actor, breach: Breach, kind: Any, details: dict[str, Any]) -> None:
    with Scope(actor, ACTIVITY, controllers=frozenset({breach.controller_id})) as scope:
        append(type=kind, scope=scope, controller=breach.controller_id, details=details)


def _words(**given: tuple[Any, Collection[str]]) -> None:
    for name, (said, known) in given.items():
        for one in [said] if isinstance(said, str) else said:
            if one not in known:
                raise BreachError("unknown-word", f"{name}: '{one}' is none of {', '.join(known)}")
