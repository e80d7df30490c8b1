"""Members sign in with a one-time code, by e-mail or SMS, or with a passkey (H18, G6).

The same answer, and the same work, whether an address is known or not.

A member signs in to one register. The address typed is matched by the register's digest; a code goes to that address or
number as it is on record and is bound to the browser that asked. Nothing stored says which address was tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from tillit.audit.events import FACTOR_ADDED, FACTOR_REMOVED, LOGIN_FAILED, LOGIN_SUCCEEDED
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.identifiers.email import mailbox
from tillit.kernel.scope import Scope, system
from tillit.messages.mail import send_unstored
from tillit.messages.text_message import can_text, send_unstored_text
from tillit.parties import codes, devices, lookup, outside, passkeys
from tillit.parties.actors import member_actor
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Login
from tillit.parties.operations import open_account
from tillit.parties.rates import Limit, spent, truncated, within

# Mails to one address. Whoever asks uses up the budget of their own network; the address' own is larger; and when
# either is spent, each network still gets one mail in five minutes, so that nobody can keep a person from signing in.
PER_ADDRESS_AND_NETWORK = Limit("sign_in_pair", 5, timedelta(minutes=15))
PER_ADDRESS = Limit("sign_in_address", 20, timedelta(minutes=15))
SPACED = Limit("sign_in_spaced", 1, timedelta(minutes=5))
PER_NETWORK = Limit("sign_in_network", 60, timedelta(minutes=15))
TRIES_PER_NETWORK = Limit("sign_in_tries", 120, timedelta(minutes=15))
WRONG_A_DAY = Limit("sign_in_wrong", 30, timedelta(days=1))


class TooManyTriesError(TillitError):
    """So many tries from one network that we stop answering for a while."""


class Mail(NamedTuple):
    """How the message is worded: texts with `{code}` and `{minutes}`, who it is from, and the same as SMS."""

    subject: str
    text: str
    sender: str
    sms: str = ""


@dataclass(frozen=True)
class Recipient:
    """Who a code is for: where it is sent, and the person of a register or the login of a colleague.

    by_text: the declaration under which it goes as SMS; None: it is mailed.
    """

    address: str
    subject_id: int | None = None
    login_id: int | None = None
    by_text: Declaration | None = None


def request_code(*, controller: Controller, typed: str, network_address: str, mail: Mail) -> UUID:
    """Send a code to the person of the controller's register whom `typed` identifies; the code's id either way.

    Raises `TooManyTriesError` for the network, never for the address: that would be an answer about it.
    """
    from_network(PER_NETWORK, str(controller.register_id), network_address)
    allowed = mail_allowed(str(controller.register_id), typed, network_address)
    subject = lookup.by_address(register_id=controller.register_id, text=typed)
    found = recipient(controller, subject, typed, texts=bool(mail.sms))
    return issue_code(controller=controller, found=found if allowed else None, mail=mail)


def issue_code(*, controller: Controller, found: Recipient | None, mail: Mail) -> UUID:
    """A code for a member, sent; the same statements for nobody. The code's id.

    Whoever guesses at a person's codes, from however many networks, makes them longer, and keeps nobody out.
    """
    subject = found.subject_id if found else None
    guessed_at = spent(WRONG_A_DAY, f"{controller.register_id}:{subject}")
    issued = codes.issue(
        purpose="member",
        register_id=controller.register_id,
        subject_id=subject,
        digits=codes.MORE_DIGITS if guessed_at and subject else codes.DIGITS,
    )
    send_code(found, mail, issued.code)
    return issued.id


def confirm_code(*, controller: Controller, code_id: UUID, typed: str, network_address: str) -> Login | None:
    """The login of the person whose code it is, opened if this is their first time; None when it is not right."""
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network_address)
    whose = codes.subject_of(code_id=code_id)
    row = codes.redeem(code_id=code_id, code=codes.digits(typed), purpose="member")
    if row is None:
        within(WRONG_A_DAY, f"{controller.register_id}:{whose}")
    if row is None or row.subject_id is None or row.register_id != controller.register_id:
        return None
    at = clock.now()
    person = frozenset({row.subject_id})
    with Scope(system("sign_in", [controller.pk]), "sign_in", person) as scope:
        login = open_account(scope=scope, subject_id=row.subject_id, register_id=controller.register_id, at=at)
    return admitted(controller, login, "email_code")


def recognise(*, controller: Controller, token: str, idle: timedelta) -> Login | None:
    """The login of a browser that was asked to stay signed in, when it has been used within `idle` (G6)."""
    login = devices.recognise(token=token, register_id=controller.register_id, idle=idle)
    return admitted(controller, login, "remembered_device") if login else None


def sign_in_by_passkey(
    *, controller: Controller, place: passkeys.Place, state: Any, answer: Mapping[str, Any], network_address: str
) -> Login | None:
    """The login whose passkey answered rightly, of somebody in the controller's register; None for all others."""
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network_address)
    found = passkeys.finish_asking(place=place, state=state, answer=answer)
    if found is None or found.login.subject_id is None or found.login.register_id != controller.register_id:
        return None
    return admitted(controller, found.login, "passkey")


@transaction.atomic
def add_passkey(
    *,
    controller: Controller,
    login: Login,
    place: passkeys.Place,
    state: Any,
    answer: Mapping[str, Any],
    device: str,
) -> None:
    """A new passkey for a member, on record; raises `FactorError`."""
    passkeys.finish_adding(login=login, place=place, state=state, answer=answer, device=device)
    record(controller, login, FACTOR_ADDED, kind="passkey")


@transaction.atomic
def remove_passkey(*, controller: Controller, login: Login, passkey: str) -> bool:
    """Forget one of a member's passkeys, on record; whether there was one. The code by e-mail stays."""
    gone = passkeys.remove(login_id=login.pk, passkey=passkey)
    if gone:
        record(controller, login, FACTOR_REMOVED, kind="passkey")
    return gone


def sign_in_by_outside(*, controller: Controller, provider: str, sub: str, network_address: str) -> Login | None:
    """The login in the controller's register that is connected with the outside service's person; None when none is."""
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network_address)
    login = outside.recognise(register_id=controller.register_id, provider=provider, sub=sub)
    return admitted(controller, login, provider) if login is not None else None


@transaction.atomic
def connect_outside(*, controller: Controller, login: Login, provider: str, sub: str) -> None:
    """Let a member sign in with an outside service from now on, on record; raises `FactorError`."""
    outside.connect(login=login, provider=provider, sub=sub)
    record(controller, login, FACTOR_ADDED, kind=provider)


@transaction.atomic
def disconnect_outside(*, controller: Controller, login: Login, provider: str) -> None:
    """Forget the connection, on record."""
    if outside.disconnect(login_id=login.pk, provider=provider):
        record(controller, login, FACTOR_REMOVED, kind=provider)


def admitted(controller: Controller, login: Login, method: str) -> Login | None:
    """The login, on record as signed in; None, on record too, when it is closed."""
    details = {"method": method} if login.is_active else {"method": method, "reason": "closed"}
    record(controller, login, LOGIN_SUCCEEDED if login.is_active else LOGIN_FAILED, **details)
    return login if login.is_active else None


def record(controller: Controller, login: Login, event: EventType, **details: str) -> None:
    assert login.subject_id is not None  # noqa: S101 (a member's login)
    actor = member_actor(register_id=controller.register_id, subject_id=login.subject_id, login_id=login.pk)
    with Scope(actor, "sign_in") as scope:
        append(
            type=event,
            scope=scope,
            controller=controller.pk,
            subject=login.subject_id,
            details={"login": login.pk, **details},
        )


def record_nobody(controller: Controller, event: EventType, **details: str) -> None:
    """On record about nobody, with the statements of `record`: a try at an address that is not known."""
    actor = member_actor(register_id=controller.register_id, subject_id=0, login_id=0)
    with Scope(actor, "sign_in") as scope:
        append(type=event, scope=scope, controller=controller.pk, details=details)


def recipient(controller: Controller, subject: int | None, typed: str = "", *, texts: bool = False) -> Recipient | None:
    """Where a person's code goes: to the address that was typed when it is on record, else to their e-mail address.

    An address on record that does not find the person is somebody else's word (a partner's list, a system): it reaches
    them, and no code goes there, so nobody states a way in for another. A number gets an SMS where `texts` go at all,
    and is the last way for who has no e-mail address. The same reads for nobody, so that an unknown address takes as
    long.
    """
    holder = holder_of(controller_id=controller.pk)
    declared = current(controller_id=controller.pk, on=clock.today())
    with Scope(system("sign_in", {controller.pk, holder}), "sign_in", frozenset({subject or 0})):
        people = same_person(subject or 0)
        known = Fact.objects.filter(
            subject_id__in=people,
            controller_id__in={controller.pk, holder},
            kind__in=["email", "phone"],
            superseded_at__isnull=True,
        ).order_by("kind", F("failed_at").asc(nulls_first=True), "collected_at")
        # One that bounced is tried all the same, last: a mail server may have been wrong, and nobody is locked out.
        rows = lookup.found_by(
            register_id=controller.register_id, subject_ids=people, addresses=known.values_list("kind", "value")
        )
    texts = texts and can_text(declared)
    # A merged person may have two addresses: the one that was typed is the one they read now.
    typed_one = [one for one in rows if lookup.address_key(one[1]) == lookup.address_key(typed)]
    for kind, value in (*typed_one, *rows):
        if subject and (kind == "email" or texts):
            return Recipient(value, subject_id=subject, by_text=declared if kind == "phone" else None)
    return None


def send_code(found: Recipient | None, mail: Mail, code: str) -> None:
    """Send the code, to nobody where nobody was found. It is never stored."""
    minutes, expires = int(codes.LIVES.total_seconds() // 60), clock.now() + codes.LIVES
    if found is not None and found.by_text is not None:
        said = mail.sms.format(code=code, minutes=minutes)
        send_unstored_text(declaration=found.by_text, to=found.address, text=said, expires=expires)
    elif found is not None:
        text = mail.text.format(code=code, minutes=minutes)
        send_unstored(
            to=found.address,
            subject=mail.subject.format(code=code),
            text=text,
            sender=mail.sender,
            expires=expires,
        )


def mail_allowed(where: str, typed: str, network_address: str) -> bool:
    """Count one mail to the address typed at a register or the staff console; whether one may go now."""
    key = lookup.address_key(typed)
    address = f"{where}:{mailbox(key[1]) if key else typed.strip().lower()}"
    pair = f"{address}:{truncated(network_address)}"
    spaced = within(SPACED, pair)
    return (within(PER_ADDRESS_AND_NETWORK, pair) and within(PER_ADDRESS, address)) or spaced


def from_network(limit: Limit, where: str, address: str) -> None:
    """Count one try from the network; raises `TooManyTriesError` past the limit."""
    if not within(limit, f"{where}:{truncated(address)}"):
        raise TooManyTriesError("too-many-tries", "too many tries from this network; wait a quarter of an hour")
