"""How somebody becomes something to a controller by their own act (A5): writes as an enquirer, becomes a customer,
orders a service (D1). What a form asks is what its declaration collects (A2).

Whoever types an address has shown nothing: a code goes to it, and until it comes back nothing is stored; what was typed
stays with the browser, signed by the face. Every answer before that is the same whether an address is known or not.

The code proves the e-mail address and nothing else: a mobile number waits until its own code, and a national number
finds nobody, and brings nothing of the register's, until a colleague has seen whose it is (`told_by_register`). So
neither tells who is known here, or where anybody lives.
Members join (`joining`), applicants apply, participants sign up, visitors check in, prospects come with a partner's
list, family with a customer, employees and contacts at suppliers and partners are entered by a colleague: each where
that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.declaration.site_parts import Form
from tillit.journeys import person_facts
from tillit.journeys.agreements import Offered
from tillit.journeys.enquiries import opening
from tillit.journeys.events import RELATIONSHIP_BEGUN
from tillit.journeys.join import JoinRefusedError
from tillit.journeys.joining import NEVER_SENT, PER_ADDRESS, PER_NETWORK, TRIES, TRIES_PER_ADDRESS
from tillit.journeys.phones import UNCONFIRMED
from tillit.journeys.sign_in import TooManyTriesError
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError, email, name, national_number, phone
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope, system
from tillit.membership.operations import accept_terms
from tillit.messages.mail import send_unstored
from tillit.parties import codes, lookup
from tillit.parties import operations as parties
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.models import Fact, Login, SealedFact
from tillit.parties.rates import truncated, within
from tillit.services import ages, agreements
from tillit.services.errors import ServiceError
from tillit.services.product_models import Payer

PURPOSE = "begin"
KIND, ROUTE = "customer", "web"
CONTACT, CUSTOMER, ORDER = "contact", "become_customer", "order_service"
_ADDRESS = ("street", "postal_code", "city")
LONGEST = {"text": 4000, "subject": 120}
_FACTS = {
    "email": "email",
    "mobile": UNCONFIRMED,
    "street": "address.street",
    "postal_code": "address.postal_code",
    "city": "address.city",
    "national_number": "national_number",
}


@dataclass(frozen=True)
class Words:
    """The mail with the code: subject and text (`{code}`, `{minutes}`), and who it is from."""

    subject: str
    text: str
    sender: str


@dataclass(frozen=True)
class Begun:
    """Who it is, whether they were unknown here, and the case where something was asked."""

    subject_id: int
    new: bool
    case_id: int | None = None


def fields(form: Form, page: str) -> tuple[str, ...]:
    """What the page asks, as the declared form collects it. A postal address where a national number is checked too."""
    if page == CONTACT:
        return ("name", "email", "subject", "text")
    checked = "national_number" in form.collects
    terms = ("terms",) if "terms_acceptance" in form.collects else ()
    if page == ORDER:
        return ("product", "name", "email", "mobile", "birth_date", *terms)
    return ("name", "email", "mobile", *((*_ADDRESS, "national_number") if checked else ()), *terms)


def products(*, controller: Controller) -> list[Offered]:
    """What somebody may order by themselves and pay, without being known."""
    today = clock.today()
    found = (
        Offered(one, Money(cost.minor, cost.currency), None)
        for one in agreements.orderable(controller_id=controller.pk, on=today)
        if Payer.CUSTOMER in one.payers and (cost := agreements.price(product=one, on=today)) is not None
    )
    return list(found)


def faults(  # noqa: PLR0912 (a branch a field)
    *, controller: Controller, form: Form, page: str, typed: Mapping[str, str]
) -> dict[str, str]:
    """Field → code of what is wrong with it. Says nothing of who is known."""
    found: dict[str, str] = {}
    for field in fields(form, page):
        text = typed.get(field, "").strip()
        try:
            if field == "name" and len(name.normalise(text).split()) < 2 and page != CONTACT:
                found[field] = "name"
            elif field == "email":
                email.normalise(text)
            elif field == "mobile" and not phone.is_mobile(phone.normalise(text)):
                found[field] = "not-mobile"
            elif field == "national_number":
                national_number.normalise(text)
            elif field in _ADDRESS:
                person_facts.normal(_FACTS[field], text)
            elif field == "birth_date":
                ages.old_enough(born=date.fromisoformat(text), controller_id=controller.pk, on=clock.today())
            elif field == "product" and text not in {one.product.key for one in products(controller=controller)}:
                found[field] = "product"
            elif field == "terms" and text != "1":
                found[field] = "terms"
            elif field in LONGEST and not 0 < len(text) <= LONGEST[field]:
                found[field] = "missing"
        except IdentifierError:
            found[field] = {"mobile": "phone"}.get(field, field.replace("_", "-"))
        except ServiceError as error:
            found[field] = error.code
        except ValueError:
            found[field] = "missing"
    return found


def ask(*, controller: Controller, address: str, network_address: str, words: Words) -> UUID:
    """Send a code to the address; its id. Raises `TooManyTriesError` for the network; an address that has had its share
    gets none, with the same answer.
    """
    at, written = clock.now(), email.normalise(address)
    if not within(PER_NETWORK, f"{controller.register_id}:{truncated(network_address)}"):
        raise TooManyTriesError("too-many-tries", "too many tries from this network; wait a quarter of an hour")
    mailed = within(PER_ADDRESS, f"{controller.register_id}:{email.matching_key(written)}")
    made = codes.issue(purpose=PURPOSE if mailed else NEVER_SENT, register_id=controller.register_id)
    if mailed:
        send_unstored(
            to=written,
            subject=words.subject.format(code=made.code),
            text=words.text.format(code=made.code, minutes=int(codes.LIVES.total_seconds() // 60)),
            sender=words.sender,
            expires=at + codes.LIVES,
        )
    return made.id


def confirm(
    *,
    controller: Controller,
    form: Form,
    page: str,
    typed: Mapping[str, str],
    code_id: UUID,
    code: str,
    network_address: str,
    language: str,
) -> Begun | None:
    """Begin when the code is right; else None. Raises `JoinRefusedError` with why the order was refused, or
    `other-person` where somebody else took the e-mail address meanwhile, and `TooManyTriesError`.
    """
    if not within(TRIES, f"{controller.register_id}:{truncated(network_address)}"):
        raise TooManyTriesError("too-many-tries", "too many tries from this network; wait a quarter of an hour")
    mine = f"{controller.register_id}:{email.matching_key(typed['email'])}"
    if not within(TRIES_PER_ADDRESS, mine) or codes.redeem_all(typed={code_id: codes.digits(code)}, purpose=PURPOSE):
        return None
    if page == CONTACT:
        said = {"subject": typed["subject"].strip(), "text": typed["text"].strip()}
        known = lookup.by_address(register_id=controller.register_id, text=typed["email"])
        case = opening.from_page(
            controller=controller,
            subject_id=known,
            name=typed["name"],
            email=typed["email"],
            fields=said,
            language=language,
        )
        return Begun(case.subject_id, known is None, case.id)
    return begin(controller=controller, activity=form.activity, typed=typed)


def begin(*, controller: Controller, activity: str, typed: Mapping[str, str]) -> Begun:
    """Make the person a customer, on record, with an account.

    Whoever has the address already is that person: what is known of them stays, what is missing is added. Raises as
    `confirm`.
    """
    at, register = clock.now(), controller.register_id
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    known = lookup.by_address(register_id=register, text=typed["email"])
    try:
        with Scope(system("begin", everyone), activity) as scope:
            subject = known or parties.create_subject(scope=scope, register_id=register)
            parties.relate(
                scope=scope, subject_id=subject, controller_id=controller.pk, kind=KIND, started=clock.today()
            )
            for fact, text in _facts(typed, subject, controller.pk):
                _keep(scope, controller, subject, fact, text)
            if typed.get("terms") == "1":
                accept_terms(scope=scope, subject_id=subject, controller_id=controller.pk, route=ROUTE, at=at)
            if not Login.objects.filter(subject_id=subject).exists():
                parties.open_account(scope=scope, subject_id=subject, register_id=register, at=at)
            if "product" in typed:
                _order(scope, controller, subject, typed)
            append(
                type=RELATIONSHIP_BEGUN,
                scope=scope,
                controller=controller.pk,
                subject=subject,
                details={"kind": KIND, "route": ROUTE},
            )
    except AlreadyClaimedError:
        raise JoinRefusedError("other-person", "the e-mail address is another person's by now") from None
    except ServiceError as error:
        raise JoinRefusedError(error.code, "the order was refused") from None
    return Begun(subject, known is None)


def _keep(scope: Scope, controller: Controller, subject_id: int, kind: str, text: str) -> None:
    """Record what was typed, of which the e-mail address alone is proven theirs."""
    where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": controller.pk}
    said: dict[str, Any] = {"kind": kind, "source": "data_subject", "at": clock.now()}
    if kind == UNCONFIRMED:
        parties.record_fact(**where, **said, category="contact", value=phone.normalise(text))
    else:
        person_facts.keep(**where, **said, register_id=controller.register_id, text=text, proven=False)


def _order(scope: Scope, controller: Controller, subject_id: int, typed: Mapping[str, str]) -> None:
    """The product is theirs from today, paid by themselves. The age is that of the date on record (D1, D12)."""
    at = clock.now()
    if ages.born(subject_id=subject_id) is None:
        parties.record_fact(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            category="birth_date",
            kind="birth_date",
            value=date.fromisoformat(typed["birth_date"]).isoformat(),
            source="data_subject",
            at=at,
        )
    chosen = next((one for one in products(controller=controller) if one.product.key == typed["product"]), None)
    if chosen is None:
        raise ServiceError("product", "this cannot be ordered any more")
    agreements.subscribe(scope=scope, subject_id=subject_id, product=chosen.product, payer=Payer.CUSTOMER, at=at)


def _facts(typed: Mapping[str, str], subject_id: int, controller_id: int) -> list[tuple[str, str]]:
    """What was typed and is not known yet, by kind of fact."""
    given, _, family = name.normalise(typed["name"]).rpartition(" ")
    told = {"name.given": given, "name.family": family}
    told |= {kind: typed.get(field, "").strip() for field, kind in _FACTS.items()}
    here = {"subject_id": subject_id, "controller_id": controller_id, "superseded_at__isnull": True}
    known = {
        kind for model in (Fact, SealedFact) for kind in model.objects.filter(**here).values_list("kind", flat=True)
    }
    known |= {UNCONFIRMED} if "phone" in known else set()
    return [(kind, text) for kind, text in told.items() if text and kind not in known]


def spent(code_id: UUID) -> bool:
    """Whether the code can be right no more."""
    return not codes.tries_left(code_id=code_id)
