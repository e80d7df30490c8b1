"""Claiming back bonus that was used without right (C8): a letter with its due date, and how the claim ends.

What is owed stands in the ledger alone. A payment repays it there; later earning repays it by itself; either way the
claim is settled when nothing is owed any more. A payment that is noted frees bonus, and so takes two above what one
does alone (`granted`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from django.db.models import QuerySet

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.bonus import programmes
from tillit.bonus.complaints import PROPOSED
from tillit.bonus.errors import BonusError
from tillit.bonus.kinds import DEBT, PAID
from tillit.bonus.misuse import CLAIM, owing
from tillit.bonus.models import Programme
from tillit.cases import operations, queries
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.statement.document import Document, Facts, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.journeys import granted
from tillit.kernel import clock
from tillit.kernel.documents import read_yaml
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger import operations as ledger
from tillit.ledger.kinds import NEVER
from tillit.ledger.models import Transfer
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.messages.operations import send
from tillit.parties.actors import person_scope, within_reach
from tillit.parties.queries import facts
from tillit.purchases.models import Chain

ACTIVITY, NOTICES = "bonus_correction", "important_notices"
PATIENCE = IsoPeriod.parse("P14D")
LETTER = "claim.pdf"


class ClaimError(BonusError):
    """Nothing is owed, or more was paid than is owed, or another payment has that reference."""


def claim(*, actor: Actor, chain: Chain, subject_id: int, due: date | None = None) -> Case:
    """Claim what the person owes in the chain by `due` (14 days unless given): a case with the letter, and a message.

    The claim that stands is returned. Raises `ClaimError` `nothing-owed`.
    """
    programme, at = programmes.of_chain(chain_id=chain.pk), clock.now()
    due = due or PATIENCE.add_to(clock.today())
    with Scope(actor, ACTIVITY, frozenset({subject_id})) as scope:
        if standing := _open(subject_id).filter(fields__chain=chain.key).first():
            return standing
        owed = _owed(programme, subject_id)
        if not owed:
            raise ClaimError("nothing-owed", "the person owes nothing in that chain")
        declared = current(controller_id=chain.controller_id, on=clock.today())
        language = declared.controller.languages[0]
        case = operations.open_case(
            scope=scope,
            subject_id=subject_id,
            controller_id=chain.controller_id,
            kind=CLAIM,
            channel="system",
            at=at,
            fields={"chain": chain.key, "amount": str(owed), "due": due},
            language=language,
        )
        money = Money(owed, chain.currency)
        document = letter(chain=chain, money=money, due=due, number=case.id, language=language)
        body = render_pdf(document, made=at)
        operations.attach(scope=scope, case=case, name=LETTER, media_type="application/pdf", body=body, at=at)
        operations.take(scope=scope, case=case, step="claimed", at=at, details={"amount": owed, "due": str(due)})
    acting = system("claims", {chain.controller_id, holder_of(controller_id=chain.controller_id)})
    with Scope(acting, NOTICES, frozenset({subject_id})) as scope:
        send(
            scope=scope,
            subject_id=subject_id,
            controller_id=chain.controller_id,
            template="bonus_claim",
            values={
                "amount": money.format(language),
                "chain": chain.name,
                "day": format_date(due, "long", locale=language),
                "number": str(case.id),
            },
            at=at,
            key=f"bonus_claim:{case.id}",
            case_id=case.id,
        )
    return case


def pay(*, actor: Actor, controller: Controller, case_id: int, amount: int, reference: str) -> Case | None:
    """Note a payment of `amount` minor units; settled when nothing is owed any more. One `reference` is noted once.

    None: with what the actor did alone for the member it is above the chain's limit (`granted`), and was proposed;
    another of the staff notes the same amount and reference. Raises `ClaimError` `too-much`, `reference-used` (by a
    payment of another amount), `UnknownCaseError`.
    """
    at = clock.now()
    with _claim(actor, controller, case_id) as (scope, case):
        programme = _programme(case)
        key = natural_key("claim-paid", case.id, reference)
        noted = Transfer.objects.filter(subject_id=case.subject_id, id=key).values_list("amount", flat=True).first()
        if noted not in (None, amount):
            raise ClaimError("reference-used", "a payment of another amount was noted with that reference")
        if noted is None:
            if case.closed_at is None and amount > _owed(programme, case.subject_id):
                raise ClaimError("too-much", "more was paid than is owed")
            if not _by_two(scope, case, programme.chain, amount, reference):
                return None
            debit, credit = Account(PAID), Account(DEBT, NEVER)
            posting = Posting(case.subject_id, key, programme.book_id, amount, debit, credit, at, state=case.state)
            ledger.post(scope=scope, postings=[posting])
            operations.take(scope=scope, case=case, step="paid", at=at, details={"amount": amount})
        _settle(scope, case, programme)
        return case


def _by_two(scope: Scope, case: Case, chain: Chain, amount: int, reference: str) -> bool:
    """Whether the payment is noted now: alone, within the limit, which is put on record, or as the second."""
    at, counts = clock.now(), granted.counts(chain=chain, bonus=amount, at=clock.now())
    who: dict[str, Any] = {"scope": scope, "chain": chain, "subject_id": case.subject_id, "counts": counts, "at": at}
    if granted.may_alone(**who):
        granted.done_alone(**who)
        return True
    same = [one for one in _proposals(case) if (one.details["amount"], one.text) == (amount, reference)]
    if not same:
        operations.take(scope=scope, case=case, step=PROPOSED, at=at, text=reference, details={"amount": amount})
    return any(one.actor != str(scope.actor) for one in same)


def _proposals(case: Case) -> list[Entry]:
    return [one for one in queries.entries(case=case, shown_only=False) if one.step == PROPOSED]


@dataclass(frozen=True)
class Owing:
    """Somebody who owes in a chain of the controller, with the claim of it that stands. `proposed`: a payment that one
    of the staff noted last and another notes, too, (amount, reference).
    """

    subject_id: int
    name: str
    chain: Chain
    owed: Money
    case: Case | None
    proposed: tuple[Money, str] | None = None


def listed(*, actor: Actor, controller: Controller, first: int, count: int) -> tuple[list[Owing], int]:
    """Who owes in the controller's chains, the most first: `count` of them from place `first`, and how many in all.

    Who is listed is on record for each person. Raises `ScopeError`.
    """
    programmes_here = {
        one.book_id: one.chain
        for one in Programme.objects.filter(chain__controller=controller).select_related("chain__controller")
    }
    with Scope(actor, ACTIVITY):
        everybody = sorted(owing(book_ids=list(programmes_here)), key=lambda one: (-one[2], one[0]))
    page = everybody[first : first + count]
    people = within_reach(actor=actor, subject_ids=[subject for subject, _, _ in page])
    with Scope(actor, ACTIVITY, frozenset(people)) as scope:
        cases = Case.objects.filter(kind=CLAIM, controller_id=controller.pk, closed_at__isnull=True)
        standing = {(one.subject_id, one.fields["chain"]): one for one in cases.filter(subject_id__in=people)}
        rows = [
            Owing(
                subject,
                _name(subject),
                programmes_here[book],
                Money(owed, programmes_here[book].currency),
                found := standing.get((subject, programmes_here[book].key)),
                _proposed(found, programmes_here[book]) if found else None,
            )
            for subject, book, owed in page
            if subject in people
        ]
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subjects=sorted(people),
            details={"purpose": ACTIVITY, "categories": ["bonus", "identity"]},
        )
    return rows, len(everybody)


def _proposed(case: Case, chain: Chain) -> tuple[Money, str] | None:
    last = queries.entries(case=case, shown_only=False)[-1]
    return (Money(last.details["amount"], chain.currency), last.text) if last.step == PROPOSED else None


def withdraw(*, actor: Actor, controller: Controller, case_id: int, text: str) -> Case:
    """Give a claim up, for a reason that stands in the case; what is owed stays, for later earning to repay."""
    if not text.strip():
        raise ClaimError("no-reason", "say why the claim is given up")
    with _claim(actor, controller, case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="withdrawn", at=clock.now(), text=text, outcome="withdrawn")
        return case


def letter_of(*, actor: Actor, controller: Controller, case_id: int) -> bytes:
    """The letter of a claim, PDF. Raises `UnknownCaseError`."""
    with _claim(actor, controller, case_id) as (scope, case):
        found = next((one for one in queries.documents(case=case) if one.name == LETTER), None)
        if found is None:
            raise UnknownCaseError("no-document", "the claim has no letter")
        return operations.open_document(scope=scope, document=queries.document(case=case, document_id=found.id))


@contextmanager
def _claim(actor: Actor, controller: Controller, case_id: int) -> Iterator[tuple[Scope, Case]]:
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        found = queries.case(case_id=case_id)
        if found.kind != CLAIM or found.controller_id != controller.pk:
            raise UnknownCaseError("no-case", "there is no such claim")
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=found.subject_id) as scope:
        yield scope, queries.case(case_id=case_id, subject_id=found.subject_id)


def _name(subject_id: int) -> str:
    known = facts(subject_id=subject_id)
    return " ".join(known[kind] for kind in ("name.given", "name.family") if kind in known)


def review(*, controller_id: int) -> int:
    """Settle the claims of which nothing is owed any more, by whatever way; how many. Outside every scope."""
    with Scope(system("claims", {controller_id, holder_of(controller_id=controller_id)}), ACTIVITY) as scope:
        cases = Case.objects.filter(kind=CLAIM, controller_id=controller_id, closed_at__isnull=True)
        return sum(_settle(scope, one, _programme(one)) for one in list(cases))


def review_everywhere() -> int:
    """The same for every controller with a programme."""
    found = set(Programme.objects.values_list("chain__controller_id", flat=True))
    return sum(review(controller_id=one) for one in sorted(found))


def letter(*, chain: Chain, money: Money, due: date, number: int, language: str) -> Document:
    """The letter: what is claimed, why, by when, and how to object."""
    say, name = _texts()[language], chain.controller.name
    values = {
        "amount": money.format(language),
        "chain": chain.name,
        "day": format_date(due, "long", locale=language),
        "name": name,
        "number": str(number),
    }
    facts = Facts(tuple((say[key], (values[key],)) for key in ("amount", "chain", "day", "number")))
    sections = (
        Section("claim", say["claim_title"], (facts, Paragraph(say["why"].format(**values)))),
        Section("object", say["object_title"], (Paragraph(say["object"].format(**values)),)),
    )
    return Document(
        title=say["title"].format(**values),
        language=language,
        publisher=name,
        contents=say["contents"],
        page=say["page"],
        lead=(Paragraph(say["lead"].format(**values)),),
        sections=sections,
    )


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("bonus_claims.yaml"))
    return loaded


def _settle(scope: Scope, case: Case, programme: Programme) -> bool:
    if case.closed_at is not None or _owed(programme, case.subject_id):
        return False
    operations.take(scope=scope, case=case, step="settled", at=clock.now(), outcome="settled")
    return True


def _owed(programme: Programme, subject_id: int) -> int:
    return sum(amount for subject, _, amount in owing(book_ids=[programme.book_id]) if subject == subject_id)


def _open(subject_id: int) -> QuerySet[Case]:
    return queries.of_person(subject_id=subject_id, kind=CLAIM).filter(closed_at__isnull=True)


def _programme(case: Case) -> Programme:
    return Programme.objects.select_related("chain").get(chain__key=case.fields["chain"])
