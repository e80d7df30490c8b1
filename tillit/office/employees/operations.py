"""Taking on, changing, noting, ending (H16). Keyword-only, in a scope of the activity `employment`."""

from collections.abc import Mapping
from datetime import date, timedelta

from django.db import connection

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import category_id
from tillit.kernel import clock
from tillit.kernel.identifiers import account_number, national_number
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.office.employees import events, links, records
from tillit.office.employees.errors import EmployeeError
from tillit.office.employees.models import EmploymentRecord
from tillit.parties import contacts, journal
from tillit.parties import operations as parties
from tillit.parties.lookup import by_address
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Relationship, SealedFact

ACTIVITY, KIND = "employment", "employee"
_FURTHEST = timedelta(days=366)
ADDRESS = ("street", "postal_code", "city")
_SOURCE = "employer"


def employ(*, scope: Scope, controller: Controller, typed: Mapping[str, str]) -> int:
    """Take somebody on, with `name`, `email`, `phone`, `street`, `postal_code`, `city`, `national_number`, `account`
    and the first day, `started`; their subject. They get a login, so that they see what is kept of them, and a link.

    Whether an address is on record for somebody else is not told: whoever has it confirms, by the link, who they are
    (`journeys.employed`). Raises `EmployeeError`; `works-here`, `worked-here` for somebody `earlier` knows.
    """
    if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
        raise EmployeeError("undeclared", "no employees are kept here")
    started = _day(typed.get("started", ""), "started")
    if abs(started - clock.today()) > 50 * _FURTHEST:
        raise EmployeeError("started", "that is no first day")
    number = _number(typed.get("national_number", ""))
    if not number:
        raise EmployeeError("national_number", "the identity number is missing")
    if (standing := earlier(scope=scope, controller=controller, typed=typed)) is not None:
        raise EmployeeError("works-here" if _goes_on(standing) else "worked-here", "that is an employee we have had")
    subject = parties.create_subject(scope=scope, register_id=controller.register_id)
    parties.relate(scope=scope, subject_id=subject, controller_id=controller.pk, kind=KIND, started=started)
    _write(scope, controller, subject, {**typed, "national_number": number})
    links.send(controller=controller, subject_id=subject, to=typed.get("email", "").strip())
    parties.open_account(scope=scope, subject_id=subject, register_id=controller.register_id, at=clock.now())
    append(type=events.BEGUN, scope=scope, controller=controller.pk, subject=subject, details={})
    return subject


def earlier(*, scope: Scope, controller: Controller, typed: Mapping[str, str]) -> Relationship | None:
    """The latest employment of somebody who works, or has worked, here and has the address, or the family name and the
    identity number, that are typed. Nobody else is told of: payroll sees the same in its list.
    """
    ties = Relationship.objects.filter(controller_id=controller.pk, kind=KIND).order_by("-started", "-recorded_at")
    for kind in ("email", "phone"):
        found = by_address(register_id=controller.register_id, text=typed.get(kind, ""))
        if found is not None and (tie := ties.filter(subject_id__in=same_person(found)).first()) is not None:
            return tie
    try:
        number = _number(typed.get("national_number", ""))
        family = names.normalise(typed.get("name", "")).rpartition(" ")[2]
    except (EmployeeError, IdentifierError):
        return None
    alike = Fact.objects.filter(kind="name.family", value__iexact=family, superseded_at__isnull=True)
    people = alike.filter(subject_id__in=ties.values("subject_id")).values_list("subject_id", flat=True)
    kept = SealedFact.objects.filter(subject_id__in=list(people), controller_id=controller.pk, kind="national_number")
    for fact in kept.filter(superseded_at__isnull=True) if number else ():
        if parties.open_fact(scope=scope, fact=fact) == number:
            return ties.filter(subject_id=fact.subject_id).first()
    return None


def again(*, scope: Scope, controller: Controller, subject_id: int, started: str) -> Relationship:
    """Somebody who has worked here is taken on again; what is kept of the time before runs out as it did.

    Raises `EmployeeError` `works-here` while an employment goes on or its end is still to come, `started`.
    """
    parties.lock_subject(scope=scope, subject_id=subject_id)
    before = _latest(controller, subject_id)
    if _goes_on(before):
        raise EmployeeError("works-here", "the employment goes on")
    day = _day(started, "started")
    if before.ended is None or day < before.ended or day > clock.today() + _FURTHEST:
        raise EmployeeError("started", "that is no first day")
    tie = parties.relate(scope=scope, subject_id=subject_id, controller_id=controller.pk, kind=KIND, started=day)
    parties.open_account(scope=scope, subject_id=subject_id, register_id=controller.register_id, at=clock.now())
    append(type=events.BEGUN, scope=scope, controller=controller.pk, subject=subject_id, details={})
    return tie


def change(*, scope: Scope, controller: Controller, subject_id: int, typed: Mapping[str, str]) -> None:
    """Correct name, addresses, and, where they are given, identity number and account. Raises `EmployeeError`."""
    parties.lock_subject(scope=scope, subject_id=subject_id)
    mine = Fact.objects.filter(subject_id=subject_id, kind="email", superseded_at__isnull=True)
    before = mine.values_list("value", flat=True).first()
    _write(scope, controller, subject_id, typed)
    after = mine.values_list("value", flat=True).first()
    if after and after != before:
        links.send(controller=controller, subject_id=subject_id, to=after)
    append(type=events.CHANGED, scope=scope, controller=controller.pk, subject=subject_id, details={"what": "facts"})


def note(*, scope: Scope, controller: Controller, subject_id: int, entry: records.Entry) -> EmploymentRecord:
    """Keep a record, sealed. One that comes after the end (the last salary) runs out with the others."""
    state = parties.lock_subject(scope=scope, subject_id=subject_id)
    tie = _latest(controller, subject_id)
    made = EmploymentRecord.objects.create(
        subject_id=subject_id,
        controller_id=controller.pk,
        state=state,
        sealed=records.sealed(entry, subject_id=subject_id, controller_id=controller.pk),
        employment_ended=tie.ended,
    )
    append(type=events.NOTED, scope=scope, controller=controller.pk, subject=subject_id, details={"record": made.id})
    return made


def remove(*, scope: Scope, controller: Controller, subject_id: int, record_id: int) -> bool:
    """Take back a record that was entered by mistake; whether it was there. On the day it was entered it is deleted,
    for a restore too, unless it is held; later it counts no more, and runs out with the others.
    """
    parties.lock_subject(scope=scope, subject_id=subject_id)
    now = clock.now()
    with Scope(system("employees", {controller.pk}), "retention", frozenset({subject_id})):  # which alone deletes
        mine = EmploymentRecord.objects.filter(subject_id=subject_id, controller_id=controller.pk)
        found = mine.filter(id=record_id, superseded_at=None)
        row = found.first()
        gone = row is not None
        if row is not None and clock.local_date(row.recorded_at) == clock.local_date(now) and not _held(row):
            _delete(row)
        else:
            found.update(superseded_at=now)
    if gone:
        details = {"record": record_id}
        append(type=events.REMOVED, scope=scope, controller=controller.pk, subject=subject_id, details=details)
    return gone


def end(*, scope: Scope, controller: Controller, subject_id: int, ended: str) -> None:
    """The employment ends; `ended` is its last day. The periods of everything kept run from it.

    Raises `EmployeeError` `ended`, `over`.
    """
    parties.lock_subject(scope=scope, subject_id=subject_id)
    tie = _latest(controller, subject_id)
    if tie.ended is not None:
        raise EmployeeError("over", "the employment has ended")
    first_after = _day(ended, "ended") + timedelta(days=1)
    if first_after <= tie.started or first_after > clock.today() + _FURTHEST:
        raise EmployeeError("ended", "that is no last day")
    parties.end_relationship(
        scope=scope, subject_id=subject_id, controller_id=controller.pk, kind=KIND, ended=first_after, reason="left"
    )
    mine = EmploymentRecord.objects.filter(subject_id=subject_id, controller_id=controller.pk)
    mine.filter(employment_ended__isnull=True).update(employment_ended=first_after)
    append(type=events.ENDED, scope=scope, controller=controller.pk, subject=subject_id, details={})


def stay(*, scope: Scope, controller: Controller, subject_id: int) -> None:
    """An end that is still to come is taken back: no period runs. Raises `EmployeeError` `over`."""
    parties.lock_subject(scope=scope, subject_id=subject_id)
    tie = _latest(controller, subject_id)
    if tie.ended is None or tie.ended <= clock.today():
        raise EmployeeError("over", "only an end that is still to come is taken back")
    mine = EmploymentRecord.objects.filter(subject_id=subject_id, controller_id=controller.pk)
    mine.filter(employment_ended=tie.ended).update(employment_ended=None)
    tie.ended, tie.end_reason = None, ""
    tie.save(update_fields=["ended", "end_reason"])
    journal.remember(scope=scope, rows=[tie], at=clock.now())
    append(type=events.CHANGED, scope=scope, controller=controller.pk, subject=subject_id, details={"what": "end"})


def _goes_on(tie: Relationship) -> bool:
    return tie.ended is None or tie.ended > clock.today()


def _held(row: EmploymentRecord) -> bool:
    with connection.cursor() as cursor:
        held = {"subject": row.subject_id, "controller": row.controller_id, "category": category_id("employment")}
        cursor.execute(load(__file__, "removal", "held"), held)
        return bool(cursor.fetchone()[0])


def _delete(row: EmploymentRecord) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "removal", "fresh"))
        cursor.execute(load(__file__, "removal", "due"), {"subject": row.subject_id, "id": row.id})
    journal.gone(relation=EmploymentRecord._meta.db_table, anonymise=False)
    EmploymentRecord.objects.filter(subject_id=row.subject_id, id=row.id).delete()


def _latest(controller: Controller, subject_id: int) -> Relationship:
    ties = Relationship.objects.filter(subject_id=subject_id, controller_id=controller.pk, kind=KIND)
    found = ties.order_by("-started", "-recorded_at").first()
    if found is None:
        raise EmployeeError("over", "that is nobody who works here")
    return found


def _write(scope: Scope, controller: Controller, subject: int, typed: Mapping[str, str]) -> None:
    at, where = clock.now(), {"subject_id": subject, "controller_id": controller.pk}
    facts = [*_name(typed.get("name", "")), *_address(typed)]
    parties.record_facts(scope=scope, **where, facts=facts, source=_SOURCE, at=at)
    for kind in ("email", "phone"):
        text = typed.get(kind, "").strip()
        if not text and kind == "phone":
            continue
        try:
            if kind == "phone":
                phones.normalise(text)
            contacts.record_address(
                scope=scope, register_id=controller.register_id, **where, kind=kind, text=text, source=_SOURCE, at=at,
                may_be_anothers=True,
            )  # fmt: skip
        except IdentifierError:
            raise EmployeeError(kind, "that is no address") from None
    sealed = {"national_number": _number(typed.get("national_number", "")), "bank_account": _account(typed)}
    for kind, value in sealed.items():
        if value:
            parties.seal_fact(scope=scope, **where, category=kind, kind=kind, value=value, source=_SOURCE, at=at)


def _name(text: str) -> list[parties.NewFact]:
    try:
        given, _, family = names.normalise(text).rpartition(" ")
    except IdentifierError:
        raise EmployeeError("name", "a name is missing") from None
    found = [parties.NewFact("identity", "name.given", given or family)]
    return found + ([parties.NewFact("identity", "name.family", family)] if given else [])


def _address(typed: Mapping[str, str]) -> list[parties.NewFact]:
    said = {key: " ".join(typed.get(key, "").split())[:100] for key in ADDRESS}
    if any(said.values()) and not all(said.values()):
        raise EmployeeError("address", "an address has street, postal code and city")
    return [parties.NewFact("contact", f"address.{key}", value) for key, value in said.items() if value]


def _number(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return national_number.normalise(text)
    except IdentifierError:
        raise EmployeeError("national_number", "that is no identity number") from None


def _account(typed: Mapping[str, str]) -> str:
    if not typed.get("account", "").strip():
        return ""
    try:
        return account_number.normalise(typed["account"])
    except IdentifierError:
        raise EmployeeError("account", "that is no account number") from None


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise EmployeeError(field, "a day is missing") from None
