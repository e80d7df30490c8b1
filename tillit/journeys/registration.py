"""Registering with member number and national number, in the app or on Min side (B6).

Both are compared with the register's digests and never stored; together they show who somebody is, not that nobody else
knows them. So a code goes to the e-mail address and one to the mobile that are to be registered, and only together are
they right. Who has an address on record or a way in already, and shows none of those addresses, does not get in at
once: the new addresses wait, and the old ones are told (`recovery`). Every page says the same whether the
numbers belong together or not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tillit.audit.events import REGISTRATION_GUESSED
from tillit.audit.operations import append
from tillit.declaration.forms import form_on
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.journeys import recovery
from tillit.journeys.joining import Codes, Words
from tillit.journeys.sign_in import PER_NETWORK, TRIES_PER_NETWORK, admitted, from_network, mail_allowed
from tillit.journeys.sign_in_number import by_member_number, plain
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError, email, national_number, phone
from tillit.kernel.scope import Scope, system
from tillit.messages.mail import send_unstored
from tillit.messages.text_message import can_text, send_unstored_text
from tillit.parties import codes, directories
from tillit.parties.contacts import record_address
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.merging import own, same_person
from tillit.parties.models import Login
from tillit.parties.operations import open_account
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, spent, within

PAGE = "register"
PURPOSE = "register"
PER_NUMBER = Limit("register_number", 5, timedelta(days=1))
PER_NATIONAL = Limit("register_national", 5, timedelta(days=1))
# Pairs that do not belong together, in a whole register: past it nobody gets a code until the hour is over.
WRONG = Limit("register_wrong", 200, timedelta(hours=1))
_TOLD = Limit("register_told", 1, timedelta(hours=1))


@dataclass(frozen=True)
class Registered:
    """What became of it: signed in as `login`, or new addresses count from `waits`."""

    login: Login | None = field(default=None)
    waits: datetime | None = None


def faults(*, typed: Mapping[str, str]) -> dict[str, str]:
    """Field of the form → what is wrong with it; empty when `ask` takes it. Says nothing of who is known."""
    found: dict[str, str] = {}
    if not plain(typed.get("member_number", "")):
        found["member_number"] = "missing"
    for name, rule in (("national_number", _national), ("email", email.normalise), ("mobile", phone.normalise)):
        try:
            rule(typed.get(name, ""))
        except IdentifierError as error:
            found[name] = error.code
    if "mobile" not in found and not phone.is_mobile(phone.normalise(typed["mobile"])):
        found["mobile"] = "not-mobile"
    return found


def ask(
    *,
    controller: Controller,
    typed: Mapping[str, str],
    network_address: str,
    words: Words,
    purpose: str = PURPOSE,
    may: Callable[[int], bool] = lambda subject: True,
) -> Codes:
    """Send a code to each address when the two numbers are one member's; the codes' ids either way.

    `may`: whether that member gets codes for this purpose; asked about nobody (0), too. `typed` has no faults.
    Raises `TooManyTriesError` for the network.
    """
    register = controller.register_id
    from_network(PER_NETWORK, str(register), network_address)
    number, address = plain(typed["member_number"]), email.normalise(typed["email"])
    mobile = phone.normalise(typed["mobile"])
    subject = by_member_number(register_id=register, number=number)
    national = digest(register, Kind.NATIONAL_NUMBER, _national(typed["national_number"]))
    same = directories.resolve(register_id=register, kind=Kind.NATIONAL_NUMBER, digest=national)
    allowed = (
        within(PER_NUMBER, f"{register}:{number}")
        & within(PER_NATIONAL, f"{register}:{national}")
        & mail_allowed(str(register), address, network_address)
    )
    one, other = own(subject or 0), own(same or 0)
    belong = subject is not None and one == other
    guessing = spent(WRONG, str(register))
    within(WRONG, str(register) if not belong else f"{register}:right")  # as much work for those that belong
    if guessing:
        _noted_guessing(controller)
    declared = current(controller_id=controller.pk, on=clock.today())
    known = may(one if belong else 0) and belong and allowed and not guessing and can_text(declared)
    issued = [codes.issue(purpose=purpose, register_id=register, subject_id=one if known else None) for _ in range(2)]
    minutes, expires = int(codes.LIVES.total_seconds() // 60), clock.now() + codes.LIVES
    if known:
        send_unstored(
            to=address,
            subject=words.subject.format(code=issued[0].code),
            text=words.text.format(code=issued[0].code, minutes=minutes),
            sender=words.sender,
            expires=expires,
        )
        send_unstored_text(
            declaration=declared,
            to=mobile,
            text=words.sms.format(code=issued[1].code, minutes=minutes),
            expires=expires,
        )
    return Codes(issued[0].id, issued[1].id)


def confirm(
    *,
    controller: Controller,
    sent: Codes,
    typed: Mapping[str, str],
    email_code: str,
    mobile_code: str,
    network_address: str,
    warning: recovery.Letter,
) -> Registered | None:
    """Register the addresses when both codes are right; None when they are not, and never which.

    Raises `AlreadyClaimedError` when an address is another person's: only somebody who reads it learns that.
    """
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network_address)
    tried = {sent.email: codes.digits(email_code)}
    if sent.mobile is not None:
        tried[sent.mobile] = codes.digits(mobile_code)
    subject = codes.subject_of(code_id=sent.email)
    if len(tried) < 2 or codes.redeem_all(typed=tried, purpose=PURPOSE) or subject is None:
        return None
    given = {"email": email.normalise(typed["email"]), "phone": phone.normalise(typed["mobile"])}
    form = form_on(current(controller_id=controller.pk, on=clock.today()), PAGE)
    assert form is not None  # noqa: S101 (the page is not served without it)
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    actor = system("registration", {controller.pk, holder})
    with Scope(actor, form.activity, frozenset(same_person(subject))) as scope:
        _free(controller, subject, given)
        known = facts(subject_id=subject)
        old = {known[kind] for kind in ("email", "phone") if kind in known}
        if not old & set(given.values()) and not recovery.is_new(subject_id=subject):
            waits = recovery.ask(scope=scope, controller=controller, subject_id=subject, addresses=given, said=warning)
            return Registered(waits=waits)
        take_addresses(scope=scope, controller=controller, subject_id=subject, given=given, at=at)
        recovery.tell_replaced(known, given, warning)
        login = open_account(scope=scope, subject_id=subject, register_id=controller.register_id, at=at)
    return Registered(login=admitted(controller, login, "registration"))


def take_addresses(
    *, scope: Scope, controller: Controller, subject_id: int, given: Mapping[str, str], at: datetime
) -> None:
    """Record addresses (`email`, `phone`) that the person has shown to read. Raises `AlreadyClaimedError`."""
    _free(controller, subject_id, dict(given))
    for kind, text in given.items():
        record_address(
            scope=scope,
            register_id=controller.register_id,
            subject_id=subject_id,
            controller_id=holder_of(controller_id=controller.pk),
            kind=kind,
            text=text,
            source="data_subject",
            at=at,
        )


def offered(declared: Declaration) -> set[str]:
    """The declared ways in that work here: registration needs text messages, for every answer to be the same."""
    return {way.key for way in declared.sign_in_ways if way.key != "registration" or can_text(declared)}


def _noted_guessing(controller: Controller) -> None:
    """On record, once an hour, for the report on what stands out (`privacy.anomalies`)."""
    if within(_TOLD, str(controller.register_id)):
        append(
            type=REGISTRATION_GUESSED,
            actor=system("registration", {controller.pk}),
            activity="sign_in",
            controller=controller.pk,
            details={"attempts": WRONG.most},
        )


def _free(controller: Controller, subject: int, given: Mapping[str, str]) -> None:
    """Raises `AlreadyClaimedError` for another person's address: also for one that would only wait."""
    keys = {Kind.EMAIL: email.matching_key(given["email"]), Kind.PHONE: given["phone"]}
    for kind, value in keys.items():
        known = digest(controller.register_id, kind, value)
        holder = directories.resolve(register_id=controller.register_id, kind=kind, digest=known)
        if holder is not None and own(holder) != own(subject):
            raise AlreadyClaimedError("already-claimed", f"that {kind.name.lower()} belongs to another person")


def _national(text: str) -> str:
    return national_number.normalise(text)
