"""Joining by one's own act, on the web, by a link from an SMS, or with staff at hand (C1-C3).

Whoever types an address has shown nothing, so a code goes to the e-mail address and one to the mobile, and only both
together join. Until then nothing is stored but the digests of the codes: what was typed stays with the browser, signed
by the face. Every answer before that is the same whether an address is known or not; after it, the person has shown
that both are theirs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from tillit.consent.queries import asked_at_joining
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, current_version, holder_of
from tillit.declaration.schema import Declaration, Topic
from tillit.journeys import interests
from tillit.journeys.join import (
    ACTIVITY,
    Agreement,
    Applicant,
    Joined,
    JoinRefusedError,
    check_birth_date,
    checked,
    join,
    minimum_age,
)
from tillit.journeys.sign_in import TooManyTriesError
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError, email, name, phone
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.mail import send_unstored
from tillit.messages.operations import send
from tillit.messages.text_message import send_unstored_text
from tillit.parties import codes
from tillit.parties.rates import Limit, truncated, within

PURPOSE = "join"
NEVER_SENT = "join_unsent"
"""Purpose of a code that nobody got, since an address has had its share: it costs the same, and is never right."""
WELCOME = "joined"
# A network may ask for so many pairs of codes; an address so many, and then none, with the same answer. However many
# codes are out, and from however many networks they are tried, an address is guessed at so many times only.
PER_NETWORK = Limit("join_network", 30, timedelta(minutes=15))
TRIES = Limit("join_tries", 120, timedelta(minutes=15))
PER_ADDRESS = Limit("join_address", 5, timedelta(minutes=15))
TRIES_PER_ADDRESS = Limit("join_address_tries", 25, timedelta(minutes=15))


@dataclass(frozen=True)
class Words:
    """The wording of the codes: a mail's subject, its text and the SMS (`{code}`, `{minutes}`), and the sender."""

    subject: str
    text: str
    sms: str
    sender: str


@dataclass(frozen=True)
class Codes:
    """Ids of the codes that were sent; `mobile` is None when the number was proven otherwise (a link sent to it)."""

    email: UUID
    mobile: UUID | None


@dataclass(frozen=True)
class Offer:
    """What is said before anybody joins: both controllers (C2), the terms and their version, age, choices, topics."""

    controllers: tuple[str, ...]
    version: int
    minimum_age: int
    consents: tuple[tuple[str, str], ...]
    topics: tuple[Topic, ...]


def offer(*, controller: Controller) -> Offer | None:
    """What joining the controller's programme means; None where there is none to join."""
    declared = current(controller_id=controller.pk, on=clock.today())
    if declared.programme is None or declared.activity(ACTIVITY) is None:
        return None
    names = [controller.name]
    if (holder := holder_of(controller_id=controller.pk)) != controller.pk:
        names.append(Controller.objects.values_list("name", flat=True).get(pk=holder))
    return Offer(
        controllers=tuple(names),
        version=current_version(controller_id=controller.pk, on=clock.today()).number,
        minimum_age=minimum_age(controller_id=controller.pk, at=clock.now()),
        consents=tuple(asked_at_joining(controller_id=controller.pk)),
        topics=_topics(declared),
    )


def faults(*, controller: Controller, typed: Mapping[str, str]) -> dict[str, str]:
    """Field of the form → code of what is wrong with it; empty when `ask` takes it. Says nothing of who is known."""
    found: dict[str, str] = {}
    for field, rule in _RULES.items():
        try:
            rule(typed.get(field, ""))
        except IdentifierError as error:
            found[field] = error.code
    if "mobile" not in found and not phone.is_mobile(phone.normalise(typed.get("mobile", ""))):
        found["mobile"] = "not-mobile"
    at = clock.now()
    try:
        check_birth_date(
            date.fromisoformat(typed.get("birth_date", "")),
            minimum_age=minimum_age(controller_id=controller.pk, at=at),
            today=clock.local_date(at),
        )
    except ValueError:
        found["birth_date"] = "birth-date"
    except JoinRefusedError as error:
        found["birth_date"] = error.code
    return found


_RULES = {
    "given": name.normalise,
    "family": name.normalise,
    "street": name.normalise,
    "postal_code": name.normalise,
    "city": name.normalise,
    "email": email.normalise,
    "mobile": phone.normalise,
}


def applicant_of(typed: Mapping[str, str]) -> Applicant:
    """The applicant of a form without faults."""
    return Applicant(**{field: typed[field] for field in _RULES}, birth_date=date.fromisoformat(typed["birth_date"]))


def ask(
    *,
    controller: Controller,
    stated: Applicant,
    network_address: str,
    words: Words,
    proven_mobile: str = "",
) -> tuple[Applicant, Codes]:
    """Check what was typed and send a code to each address; (the applicant in normal form, the codes' ids).

    `proven_mobile`: the number (E.164) that a link was sent to, which then needs no code. Raises as `join` does for
    what is typed wrong, never for what is known, and `TooManyTriesError` for the network.
    """
    at = clock.now()
    ordered = checked(stated, minimum_age=minimum_age(controller_id=controller.pk, at=at), at=at)
    _from_network(PER_NETWORK, controller, network_address)
    mailed = within(PER_ADDRESS, _address(controller, ordered))
    by_mail = codes.issue(purpose=PURPOSE if mailed else NEVER_SENT, register_id=controller.register_id)
    expires, minutes = at + codes.LIVES, int(codes.LIVES.total_seconds() // 60)
    if mailed:
        send_unstored(
            to=ordered.email,
            subject=words.subject.format(code=by_mail.code),
            text=words.text.format(code=by_mail.code, minutes=minutes),
            sender=words.sender,
            expires=expires,
        )
    if proven_mobile == ordered.mobile:
        return ordered, Codes(by_mail.id, None)
    texted = within(PER_ADDRESS, f"{controller.register_id}:{ordered.mobile}")
    by_phone = codes.issue(purpose=PURPOSE if texted else NEVER_SENT, register_id=controller.register_id)
    if texted:
        send_unstored_text(
            declaration=current(controller_id=controller.pk, on=clock.today()),
            to=ordered.mobile,
            text=words.sms.format(code=by_phone.code, minutes=minutes),
            expires=expires,
        )
    return ordered, Codes(by_mail.id, by_phone.id)


def confirm(
    *,
    controller: Controller,
    applicant: Applicant,
    sent: Codes,
    email_code: str,
    mobile_code: str,
    route: str,
    agreements: Sequence[Agreement],
    topics: Collection[str],
    network_address: str,
    language: str,
    actor: Actor | None = None,
    identity: str = "",
) -> Joined | None:
    """Join when every code is right; else None, and never which one is not: each would be guessed by itself. Raises as
    `join`, and `TooManyTriesError` for the network.

    Codes are used up by joining alone. `actor`: the member of staff at whose desk it happens (`reception.desk`);
    `identity`: what they have seen of who it is, a code.
    """
    _from_network(TRIES, controller, network_address)
    typed = {sent.email: codes.digits(email_code)}
    if sent.mobile is not None:
        typed[sent.mobile] = codes.digits(mobile_code)
    tried = [within(TRIES_PER_ADDRESS, _address(controller, applicant))]
    if sent.mobile is not None:
        tried.append(within(TRIES_PER_ADDRESS, f"{controller.register_id}:{applicant.mobile}"))
    if not all(tried) or codes.redeem_all(typed=typed, purpose=PURPOSE):
        return None
    offered = set(asked_at_joining(controller_id=controller.pk))
    joined = join(
        controller_id=controller.pk,
        applicant=applicant,
        route=route,
        at=clock.now(),
        actor=actor,
        identity=identity,
        agreements=[one for one in agreements if (one.activity, one.channel) in offered],
    )
    if topics:
        interests.state(
            actor=system("join", {controller.pk, holder_of(controller_id=controller.pk)}),
            controller=controller,
            subject_id=joined.subject_id,
            topics=topics,
        )
    _welcome(controller, joined, language)
    return joined


def spent(sent: Codes) -> bool:
    """Whether none of the codes can be right any more: they are too old, or were tried too often."""
    return any(not codes.tries_left(code_id=one) for one in (sent.email, sent.mobile) if one is not None)


def _topics(declared: Declaration) -> tuple[Topic, ...]:
    return declared.topics if interests.activity_for(declared) else ()


def _welcome(controller: Controller, joined: Joined, language: str) -> None:
    """Tell the person, and with them whoever reads mail to the address, that they have joined, and whom."""
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    with Scope(system("join", {controller.pk, holder}), ACTIVITY, frozenset({joined.subject_id})) as scope:
        send(
            scope=scope,
            subject_id=joined.subject_id,
            controller_id=controller.pk,
            template=WELCOME,
            values={"controllers": ", ".join(joined.controllers), "name": controller.name},
            at=at,
            channels=("email",),
            language=language,
        )


def _address(controller: Controller, applicant: Applicant) -> str:
    return f"{controller.register_id}:{email.matching_key(applicant.email)}"


def _from_network(limit: Limit, controller: Controller, address: str) -> None:
    if not within(limit, f"{controller.register_id}:{truncated(address)}"):
        raise TooManyTriesError("too-many-tries", "too many tries from this network; wait a quarter of an hour")
