"""A complaint of missing or wrong bonus, from the person's words and receipt to the ledger and the answer (C12).

It belongs to the controller of the chain, whose bonus it is; one of a card on another's BonusID to the holder of the
register. What staff decide and what follows from it (correction, a card set free, the message) stand or fall together.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.bonus import operations as bonus
from tillit.bonus.complaints import CARD_TAKEN, COMPLAINT, MISSING, PROPOSED, REJECTED, UPHELD
from tillit.cases import attachments, operations, queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import granted, missing_purchases
from tillit.journeys.case_desk import handled
from tillit.journeys.sign_in import TooManyTriesError
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger.operations import natural_key
from tillit.messages.operations import send
from tillit.parties import directories
from tillit.parties.digests import Kind
from tillit.parties.merging import own as own_subject
from tillit.parties.merging import same_person
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, within
from tillit.purchases import operations as instruments
from tillit.purchases.models import Chain, PaymentInstrument, Store
from tillit.purchases.queries import Receipt, receipts

OWN, DESK, NOTICE = "self_service", "bonus_correction", "important_notices"
PER_PERSON = Limit("complaints", 10, timedelta(days=1))
LOCAL = ZoneInfo(clock.DEFAULT_ZONE)


@dataclass(frozen=True)
class Shown:
    """A complaint with its log and its files. receipts: the person's in the chain around that day, for the desk."""

    case: Case
    entries: Sequence[Entry]
    files: Sequence[Document]
    chain: Chain | None
    name: str = ""
    receipts: Sequence[Receipt] = ()


def offered(*, controller: Controller) -> bool:
    """Whether people complain of bonus to the controller on their own pages."""
    activity = current(controller_id=controller.pk, on=clock.today()).activity(OWN)
    return activity is not None and "complaint" in activity.records


def chains(*, controller: Controller) -> list[Chain]:
    """The chains in which the register's members earn bonus."""
    return list(Chain.objects.filter(controller__register_id=controller.register_id).order_by(Ordered("name")))


def complain(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    fields: Mapping[str, Any],
    number: str = "",
    files: Sequence[bytes] = (),
    language: str,
) -> Case:
    """Open a complaint, with the files attached. `number`: the card it is about, digested here and forgotten.

    Raises `CaseError` for what is stated or attached wrong, `InstrumentRefusedError` for what is no card number,
    `TooManyTriesError` after ten in a day.
    """
    stated, at = {key: value for key, value in fields.items() if value}, clock.now()
    chain = next((one for one in chains(controller=controller) if one.key == stated.get("chain")), None)
    if stated.get("about") == CARD_TAKEN:
        known = instruments.number_digest(register_id=controller.register_id, number=number)
        stated |= {"instrument": str(known.digest), "instrument_kind": str(known.kind)}
        stated |= {"last_four": known.last_four, "network": known.network}
        answering = holder_of(controller_id=controller.pk)
    elif chain is None:
        raise CaseError("chain-missing", "say which chain it is about")
    else:
        answering = chain.controller_id
    if not within(PER_PERSON, str(subject_id)):
        raise TooManyTriesError("too-many-tries", "too many complaints today")
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = operations.open_case(
            scope=scope,
            subject_id=subject_id,
            controller_id=answering,
            kind=COMPLAINT,
            channel="self_service",
            at=at,
            fields=stated,
            language=language,
        )
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=at)
    return case


def own(*, actor: Actor, subject_id: int) -> list[Case]:
    """The person's complaints, newest first."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return list(queries.of_person(subject_id=subject_id, kind=COMPLAINT))


def own_case(*, actor: Actor, subject_id: int, case_id: int) -> Shown:
    """One of them. Raises `UnknownCaseError`."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return _shown(_of_kind(queries.case(case_id=case_id, subject_id=subject_id)), shown_only=True)


def write(
    *, actor: Actor, subject_id: int, case_id: int, text: str, files: Sequence[bytes], back: bool = False
) -> None:
    """The person says more, attaches more, or takes the complaint back. Raises `CaseError`, `UnknownCaseError`."""
    at = clock.now()
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _of_kind(queries.case(case_id=case_id, subject_id=subject_id))
        operations.take(scope=scope, case=case, step="taken_back" if back else "wrote", at=at, text=text)
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=at)


def own_file(*, actor: Actor, subject_id: int, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file of one's own complaint. Raises `UnknownCaseError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _of_kind(queries.case(case_id=case_id, subject_id=subject_id))
        return attachments.open_file(scope=scope, case=case, document_id=document_id)


def queue(*, actor: Actor, controller: Controller, show: str = "open", first: int = 0, most: int = 200) -> list[Case]:
    """The controller's complaints, the oldest first: `most` after the first so many. Raises `ScopeError`."""
    with Scope(actor, DESK, controllers=frozenset({controller.pk})):
        found = queries.queue(controller_ids=[controller.pk], kind=COMPLAINT, show=show)
        return list(found.order_by("received_at", "id")[first : first + most])


def count_open(*, actor: Actor, controller: Controller) -> int:
    """How many complaints are not closed."""
    with Scope(actor, DESK, controllers=frozenset({controller.pk})):
        return queries.queue(controller_ids=[controller.pk], kind=COMPLAINT).count()


def handling(*, actor: Actor, controller: Controller, case_id: int) -> AbstractContextManager[tuple[Scope, Case]]:
    """The open scope in which staff handle a complaint, and its case. Raises as `case_desk.handled`."""
    return handled(actor=actor, controller=controller, case_id=case_id, activity=DESK, kinds={COMPLAINT})


def look(*, actor: Actor, controller: Controller, case_id: int) -> Shown:
    """A complaint as the desk sees it, with the person's receipts in the chain; the look is on record."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=case.subject_id,
            details={"purpose": DESK, "categories": ["identity", "complaint", "purchase"]},
        )
        return _shown(case, shown_only=False)


def file(*, actor: Actor, controller: Controller, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of an attached file. Raises `UnknownCaseError`."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        return attachments.open_file(scope=scope, case=case, document_id=document_id)


def ask(*, actor: Actor, controller: Controller, case_id: int, text: str) -> None:
    """Ask the person for more; they get a message."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="asked", at=clock.now(), text=text)
        _tell(scope, case, "complaint_asked", {"text": text})


def note(*, actor: Actor, controller: Controller, case_id: int, text: str) -> None:
    """A note of the desk, which the person does not see on the page, but in an answer to a request for access."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="note", at=clock.now(), text=text)


def reject(*, actor: Actor, controller: Controller, case_id: int, text: str) -> None:
    """Nothing changes, and the person is told why."""
    if not text.strip():
        raise CaseError("no-reason", "say why")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step=REJECTED, at=clock.now(), text=text, outcome=REJECTED)
        _tell(scope, case, "complaint_rejected", {"text": text})


def uphold(*, actor: Actor, controller: Controller, case_id: int, text: str, amount: str = "") -> bool:
    """The person is right: bonus is added or taken back (`amount`, in the chain's currency), or the card set free.

    The correction hangs on the case: done twice, it counts once. False: with what the actor did alone for the member it
    is above the chain's limit (`granted`), and was proposed; another of the staff says the same amount. Raises
    `CaseError` (`no-amount`; `post-purchase`: a missing purchase is posted with its receipt), `MoneyError`.
    """
    at = clock.now()
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        if case.fields["about"] == MISSING:
            raise CaseError("post-purchase", "a missing purchase is posted with its receipt")
        told, template = {"text": text}, "complaint_card_free"
        if case.fields["about"] == CARD_TAKEN:
            _set_free(case, at)
        else:
            chain = Chain.objects.get(key=case.fields["chain"])
            money = Money.parse(amount, chain.currency)
            if money.minor == 0:
                raise CaseError("no-amount", "say how much")
            counts = granted.counts(chain=chain, bonus=money.minor, at=case.received_at)
            if not _decides(scope, case, chain, counts, {"amount": str(money.minor)}, at):
                return False
            bonus.correct(
                scope=scope,
                subject_id=case.subject_id,
                chain_id=chain.pk,
                amount=money.minor,
                key=natural_key("complaint", case.id),
                event_at=_bought_at(case) or case.received_at,
                at=at,
                reason="complaint",
            )
            told |= {"amount": money.format(case.language), "chain": chain.name}
            template = "complaint_upheld"
        details = {"amount": amount} if amount else {}
        operations.take(scope=scope, case=case, step=UPHELD, at=at, text=text, outcome=UPHELD, details=details)
        _tell(scope, case, template, told)
        return True


def uphold_missing(
    *,
    actor: Actor,
    controller: Controller,
    case_id: int,
    text: str,
    store: str,
    day: date,
    amount: str,
    receipt: str,
    clock_time: time | None = None,
    another: bool = False,
) -> bool:
    """The person is right, and the purchase is posted with its receipt's number, at the rates of its day: when it comes
    from its source after all it is known, and not counted twice. `store`: its number in the chain; `amount`: paid.
    `another`: it is not the one of that day and amount which the person has.

    False: it is above what one posts alone for the member (`granted`), and was proposed; another of the staff posts it
    with the same facts. Raises `CaseError` (`no-receipt`, `no-store`, `no-amount`), `MissingPurchaseError`,
    `MoneyError`.
    """
    missing_purchases.ready(register_id=controller.register_id)
    with transaction.atomic():
        missing_purchases.first(register_id=controller.register_id)
        with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
            if case.fields["about"] != MISSING:
                raise CaseError("step-not-now", "it is no complaint of a missing purchase")
            chain = Chain.objects.get(key=case.fields["chain"])
            paid = Money.parse(amount, chain.currency)
            found = Store.objects.filter(chain=chain, number=store).first()
            numbered = any(one.isalnum() and one != "0" for one in receipt)
            if found is None or not numbered or paid.minor <= 0:
                code = "no-store" if found is None else "no-amount" if numbered else "no-receipt"
                raise CaseError(code, "a purchase has its store, its receipt and what was paid")
            event_at = missing_purchases.moment(chain=chain, subject_id=case.subject_id, day=day, clock_time=clock_time)
            at = clock.now()
            details = {"amount": str(paid.minor), "receipt": receipt, "store": store, "at": event_at.isoformat()}
            if not _decides(scope, case, chain, paid.minor, details, at):
                return False
            given = missing_purchases.post(
                store=found,
                subject_id=case.subject_id,
                event_at=event_at,
                amount=paid.minor,
                receipt=receipt,
                another=another,
            )
            operations.take(scope=scope, case=case, step=UPHELD, at=at, text=text, outcome=UPHELD, details=details)
            bonus_given = Money(given, chain.currency).format(case.language)
            _tell(scope, case, "complaint_posted", {"text": text, "amount": bonus_given, "chain": chain.name})
            return True


def _decides(scope: Scope, case: Case, chain: Chain, counts: int, details: dict[str, str], at: datetime) -> bool:
    """Whether it is decided now: alone, within the limit, which is noted, or as the second. Else it is proposed."""
    if granted.proposed_by_another(actor=scope.actor, case=case, details=details):
        return True
    who: dict[str, Any] = {"scope": scope, "chain": chain, "subject_id": case.subject_id, "counts": counts, "at": at}
    if granted.may_alone(**who):
        granted.done_alone(**who)
        return True
    operations.take(scope=scope, case=case, step=PROPOSED, at=at, details=details)
    return False


def _set_free(case: Case, at: datetime) -> None:
    """Take the card off the BonusID it stands on, tell that person, and put it on the BonusID of whoever is right."""
    controller = Controller.objects.get(pk=case.controller_id)
    if "instrument" not in case.fields:
        raise CaseError("no-card", "the case came from another register, and does not say which card here")
    kind, known = Kind(int(case.fields["instrument_kind"])), UUID(case.fields["instrument"])
    holder = directories.resolve(register_id=controller.register_id, kind=kind, digest=known)
    acting = system("complaint", {controller.pk})
    if holder is not None and holder != own_subject(case.subject_id):
        _take_off(case, controller, holder, known, at)
    if network := case.fields.get("network"):
        card = instruments.Known(int(kind), known, case.fields["last_four"], network)
        with Scope(acting, "bonus_earning", frozenset({case.subject_id})) as scope:
            instruments.register_decided(
                scope=scope, subject_id=case.subject_id, controller_id=controller.pk, known=card, at=at
            )


def _take_off(case: Case, controller: Controller, holder: int, known: UUID, at: datetime) -> None:
    kind, person = Kind(int(case.fields["instrument_kind"])), frozenset({holder})
    acting = system("complaint", {controller.pk})
    with Scope(acting, "bonus_earning", person) as scope:
        rows = PaymentInstrument.objects.filter(subject_id__in=same_person(holder), digest=known, removed_at=None)
        for row in rows:
            instruments.remove_instrument(scope=scope, subject_id=holder, instrument_id=row.id, at=at, decided=True)
        directories.unclaim(register_id=controller.register_id, kind=kind, digest=known, subject_id=holder)
    with Scope(acting, NOTICE, person) as scope:
        send(
            scope=scope,
            subject_id=holder,
            controller_id=controller.pk,
            template="card_moved",
            values={"last_four": case.fields["last_four"]},
            at=at,
        )


def _tell(scope: Scope, case: Case, template: str, values: Mapping[str, str]) -> None:
    send(
        scope=scope,
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        template=template,
        values=values,
        at=clock.now(),
        language=case.language,
        case_id=case.id,
    )


def _bought_at(case: Case) -> datetime | None:
    day = case.fields.get("bought_on")
    return datetime.combine(date.fromisoformat(day), time(12), LOCAL) if day else None


def _of_kind(case: Case) -> Case:
    if case.kind != COMPLAINT:
        raise UnknownCaseError("no-case", "there is no such case")
    return case


def _shown(case: Case, *, shown_only: bool) -> Shown:
    chain = Chain.objects.filter(key=case.fields.get("chain", "")).first()
    rows: Sequence[Receipt] = ()
    known: dict[str, str] = {}
    if not shown_only:
        known = facts(subject_id=case.subject_id)
        day = _bought_at(case)
        after = f"{(day + timedelta(days=8)).isoformat()}~" if day else None
        rows = [
            one for one in receipts(subject_ids=[case.subject_id], before=after) if chain and one.chain == chain.name
        ]
    return Shown(
        case=case,
        entries=queries.entries(case=case, shown_only=shown_only),
        files=list(queries.attached(case=case)),
        chain=chain,
        name=" ".join(known[kind] for kind in ("name.given", "name.family") if kind in known),
        receipts=rows,
    )
