"""Family and children, from both sides: the customer's page, the link that is handed over, the person's own page (D12).

A customer's scope never sees another person's rows: what a customer may see of the family is read here, once it is
known that the tie stands, in a scope of the service's own that names both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from uuid import UUID

from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.joining import Words
from tillit.journeys.sign_in import PER_NETWORK, TRIES_PER_NETWORK, from_network, mail_allowed
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError
from tillit.kernel.identifiers import email as emails
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.mail import send_unstored
from tillit.parties import codes, directories
from tillit.parties import operations as parties
from tillit.parties.contacts import record_address
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import own, same_person
from tillit.parties.models import Login, Relationship
from tillit.parties.queries import facts
from tillit.services import ages, agreements, blocking, family, instruments
from tillit.services.errors import ServiceError
from tillit.services.family import ACTIVITY
from tillit.services.family_models import ConsentBy, FamilyEnd, FamilyInvitation, FamilyMember
from tillit.services.models import Instrument, Issuer
from tillit.services.product_models import ServiceProduct

SERVICE = "card_blocking"
PURPOSE, NEVER = "family", "family_never"


@dataclass(frozen=True)
class Shown:
    """Somebody in the family. decides: the day from which only the person's own yes counts, where a parent's holds."""

    member: FamilyMember
    name: str
    cards: Sequence[Instrument]
    decides: date | None


@dataclass(frozen=True)
class Family:
    """The customer's family, the invitations that wait, and through whom the customer is helped themselves."""

    members: Sequence[Shown]
    invitations: Sequence[FamilyInvitation]
    through: Sequence[tuple[FamilyMember, str]]
    may_add: bool


def offered(*, controller: Controller) -> bool:
    """Whether the controller has services for a family."""
    return current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is not None


def mine(*, controller: Controller, subject_id: int) -> Family:
    """What the person's page shows. The caller has made sure who it is."""
    now = clock.now()
    with _all(controller):
        standing = list(family.of_holder(holder=subject_id))
        through = list(family.of_member(subject_id=subject_id))
        waiting = FamilyInvitation.objects.filter(
            subject_id__in=same_person(subject_id), settled_at__isnull=True, expires_at__gt=now
        )
        invitations = list(waiting.order_by("made_at"))
    people = frozenset({subject_id, *(m.subject_id for m in standing), *(m.holder_id for m in through)})
    with Scope(_actor(controller), SERVICE, people):
        shown = [_shown(controller, one) for one in standing]
        holders = [(one, _name(one.holder_id)) for one in through]
    return Family(shown, invitations, holders, _may_add(controller, subject_id))


def _shown(controller: Controller, member: FamilyMember) -> Shown:
    birth, decides = ages.born(subject_id=member.subject_id), None
    if member.consent_by == ConsentBy.PARENT and birth is not None:
        decides = _birthday(birth, family.consent_age(controller_id=controller.pk, on=clock.today()))
    return Shown(member, _name(member.subject_id), list(family.cards(member=member)), decides)


def _name(subject_id: int) -> str:
    known = facts(subject_id=subject_id)
    return " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))


def _may_add(controller: Controller, subject_id: int) -> bool:
    """Whether a service needs the family at all: the person has one that helps it, or the controller sells none."""
    sold = ServiceProduct.objects.filter(controller=controller, services__contains=[SERVICE]).exists()
    with Scope(_actor(controller), agreements.ACTIVITY, frozenset({subject_id})):
        customer = Relationship.objects.filter(
            subject_id__in=same_person(subject_id), controller_id=controller.pk, kind="customer", ended__isnull=True
        ).exists()
        return customer and (
            not sold
            or agreements.has_access(
                subject_id=subject_id, controller_id=controller.pk, service=SERVICE, on=clock.today()
            )
        )


def invite(*, controller: Controller, subject_id: int, name: str, relation: str) -> str:
    """An invitation; the secret of the link, which the customer hands over. Raises `ServiceError` (`no-service`)."""
    _needed(controller, subject_id)
    with _scope(controller, subject_id) as scope:
        return family.invite(
            scope=scope, holder=subject_id, controller_id=controller.pk, name=name, relation=relation, at=clock.now()
        )[1]


def withdraw_invitation(*, controller: Controller, subject_id: int, invitation_id: int) -> None:
    """The link opens nothing more."""
    with _scope(controller, subject_id) as scope:
        mine = FamilyInvitation.objects.filter(subject_id=subject_id, id=invitation_id, settled_at__isnull=True)
        for one in mine:
            family.settle(scope=scope, invitation=one, outcome="withdrawn", at=clock.now())


def add_child(
    *, controller: Controller, subject_id: int, given: str, surname: str, born: str, agreed: bool, wording: str
) -> FamilyMember:
    """A child on the parent's consent. Raises `ServiceError`: `no-service`, `parent-yes`, and as `family.add_child`."""
    _needed(controller, subject_id)
    if not agreed:
        raise ServiceError("parent-yes", "the parent says yes first")
    now = clock.now()
    with _all(controller) as scope:
        made = family.add_child(
            scope=scope,
            holder=subject_id,
            controller_id=controller.pk,
            given=given,
            family=surname,
            born=_day(born),
            at=now,
        )
        _consent(controller, made.subject_id, EventKind.GIVEN, "parent", wording)
    return made


def invited(*, controller: Controller, secret: str) -> tuple[FamilyInvitation, str] | None:
    """An open invitation by the secret of its link, and the given name of who invites; None where there is none."""
    wanted = family.digest_of(controller_id=controller.pk, secret=secret)
    with _all(controller):
        found = FamilyInvitation.objects.filter(
            digest=wanted, controller_id=controller.pk, settled_at__isnull=True, expires_at__gt=clock.now()
        ).first()
    if found is None:
        return None
    with Scope(_actor(controller), SERVICE, frozenset({found.subject_id})):
        return found, facts(subject_id=found.subject_id).get("name.given", "")


def known_birth(*, controller: Controller, subject_id: int) -> bool:
    """Whether the person's date of birth is on record."""
    with _scope(controller, subject_id):
        return ages.born(subject_id=subject_id) is not None


def ask_code(*, controller: Controller, typed: Mapping[str, str], network_address: str, words: Words) -> UUID:
    """Send a code to the e-mail address of somebody invited who has no way in yet; its id. Raises `ServiceError`
    (`family-name`, `birth-date`, `parent-consents`, `email`) and `TooManyTriesError`.
    """
    from_network(PER_NETWORK, str(controller.register_id), network_address)
    family.named(typed.get("given", "")), family.named(typed.get("family", ""))
    on = clock.today()
    if ages.age(born=_day(typed.get("born", "")), on=on) < family.consent_age(controller_id=controller.pk, on=on):
        raise ServiceError("parent-consents", "a parent adds who is that young")
    try:
        address = emails.normalise(typed.get("email", ""))
    except IdentifierError:
        raise ServiceError("email", "that is no e-mail address") from None
    allowed = mail_allowed(str(controller.register_id), address, network_address)
    made = codes.issue(purpose=PURPOSE if allowed else NEVER, register_id=controller.register_id)
    if allowed:
        send_unstored(
            to=address,
            subject=words.subject.format(code=made.code),
            text=words.text.format(code=made.code, minutes=int(codes.LIVES.total_seconds() // 60)),
            sender=words.sender,
            expires=clock.now() + codes.LIVES,
        )
    return made.id


def enter(
    *,
    controller: Controller,
    secret: str,
    typed: Mapping[str, str],
    code_id: UUID,
    code: str,
    wording: str,
    network: str,
) -> Login | None:
    """The code is right: a way in of their own, and their yes, in one; None when it is not. Who has a way in by that
    address already signs in there. Raises as `accept`, and `ServiceError` `known`.
    """
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network)
    if invited(controller=controller, secret=secret) is None:
        raise ServiceError("invitation-over", "this invitation is over")
    if codes.redeem_all(typed={code_id: codes.digits(code)}, purpose=PURPOSE):
        return None
    address, now = emails.normalise(typed["email"]), clock.now()
    holds = digest(controller.register_id, Kind.EMAIL, emails.matching_key(address))
    if directories.resolve(register_id=controller.register_id, kind=Kind.EMAIL, digest=holds) is not None:
        raise ServiceError("known", "that address has a way in already")
    with _all(controller) as scope:
        subject = parties.create_subject(scope=scope, register_id=controller.register_id)
        known = [
            parties.NewFact("family", "name.given", family.named(typed["given"])),
            parties.NewFact("family", "name.family", family.named(typed["family"])),
        ]
        parties.record_facts(
            scope=scope, subject_id=subject, controller_id=controller.pk, facts=known, source="data_subject", at=now
        )
        accept(controller=controller, subject_id=subject, secret=secret, born=typed["born"], wording=wording)
        record_address(
            scope=scope,
            register_id=controller.register_id,
            subject_id=subject,
            controller_id=controller.pk,
            kind="email",
            text=address,
            source="data_subject",
            at=now,
        )
        return parties.open_account(scope=scope, subject_id=subject, register_id=controller.register_id, at=now)


def accept(*, controller: Controller, subject_id: int, secret: str, born: str, wording: str) -> FamilyMember:
    """The signed-in person says yes. Raises `ServiceError`: `invitation-over`, `birth-date`, and as `family.accept`."""
    found = invited(controller=controller, secret=secret)
    if found is None:
        raise ServiceError("invitation-over", "this invitation is over")
    with _scope(controller, subject_id, found[0].subject_id) as scope:
        birth = ages.born(subject_id=subject_id) or _day(born)
        made = family.accept(scope=scope, subject_id=subject_id, invitation=found[0], born=birth, at=clock.now())
        _consent(controller, subject_id, EventKind.GIVEN, "self_service", wording)
    return made


def decline(*, controller: Controller, secret: str) -> None:
    """Whoever holds the link says no: the invitation is over, and nothing is kept of who said it."""
    found = invited(controller=controller, secret=secret)
    if found is not None:
        with _scope(controller, found[0].subject_id) as scope:
            family.settle(scope=scope, invitation=found[0], outcome="declined", at=clock.now())


def withdraw(*, controller: Controller, subject_id: int, member_id: int) -> None:
    """The person takes their yes to one customer back: what that one entered for them is gone at once (D2, D12). The
    consent itself ends with the last of their families.
    """
    with _all(controller) as scope:
        standing = family.of_member(subject_id=subject_id).filter(id=member_id)
        if family.end(scope=scope, members=standing, reason=FamilyEnd.WITHDRAWN, at=clock.now()):
            _no_more(controller, subject_id, "self_service")


def remove(*, controller: Controller, subject_id: int, member_id: int) -> None:
    """The customer takes somebody out of the family; of a child that is the parent's consent withdrawn."""
    with _all(controller) as scope:
        for one in family.of_holder(holder=subject_id).filter(id=member_id):
            family.end(scope=scope, members=[one], reason=FamilyEnd.REMOVED, at=clock.now())
            if one.consent_by == ConsentBy.PARENT:
                _no_more(controller, one.subject_id, "parent")


def put_on(
    *, controller: Controller, subject_id: int, member_id: int, issuer: str, number: str, expires_on: date | None
) -> Instrument:
    """Enter a card or subscription of somebody in the family. Raises `ServiceError`: `no-family`, and as `put_on`."""
    member = _standing(controller, subject_id, member_id)
    chosen = Issuer.objects.filter(controller=controller, key=issuer).first()
    if chosen is None:
        raise ServiceError("issuer", "choose who issued it")
    with Scope(_actor(controller), SERVICE, frozenset({member.subject_id})) as scope:
        return instruments.put_on(
            scope=scope,
            subject_id=member.subject_id,
            controller_id=controller.pk,
            issuer=chosen,
            number=number,
            at=clock.now(),
            expires_on=expires_on,
            tie_id=member.id,
        )


def take_off(*, controller: Controller, subject_id: int, member_id: int, instrument_id: int) -> None:
    """Take off what was entered for somebody in the family. Raises `ServiceError`."""
    member = _standing(controller, subject_id, member_id)
    with Scope(_actor(controller), SERVICE, frozenset({member.subject_id})) as scope:
        if not family.cards(member=member).filter(id=instrument_id).exists():
            raise ServiceError("no-instrument", "there is no such card or subscription")
        instruments.take_off(scope=scope, subject_id=member.subject_id, instrument_id=instrument_id, at=clock.now())


def block(*, controller: Controller, subject_id: int, member_id: int, language: str) -> None:
    """Block everything that was entered for somebody in the family, now. Raises `ServiceError`."""
    member = _standing(controller, subject_id, member_id)
    with Scope(_actor(controller), SERVICE, frozenset({member.subject_id})) as scope:
        blocking.block(
            scope=scope,
            subject_id=member.subject_id,
            controller_id=controller.pk,
            instrument_ids=[card.id for card in family.cards(member=member)],
            channel="self_service",
            at=clock.now(),
            language=language,
        )


def follow() -> int:
    """What time and leaving do: a child old enough to decide is let go, and so is the family of who is no customer any
    more; what was being blocked when somebody withdrew is taken off. How many ended. Outside every scope.
    """
    done, now = 0, clock.now()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if not offered(controller=controller):
            continue
        age = family.consent_age(controller_id=controller.pk, on=clock.today())
        with _all(controller) as scope:
            for one in FamilyMember.objects.filter(controller_id=controller.pk, ends__isnull=True).order_by("id"):
                birth = ages.born(subject_id=one.subject_id)
                grown = (
                    one.consent_by == ConsentBy.PARENT and birth is not None and _birthday(birth, age) <= clock.today()
                )
                if grown or _has_left(controller, one.holder_id):
                    reason = FamilyEnd.OF_AGE if grown else FamilyEnd.HOLDER_LEFT
                    done += family.end(scope=scope, members=[one], reason=reason, at=now)
            over = FamilyMember.objects.filter(controller_id=controller.pk, ends__isnull=False)
            ended = {one.id: one for one in over}
        with Scope(_actor(controller), SERVICE):
            cards = Instrument.objects.filter(tie_id__in=ended, removed_at=None).values_list("tie_id", flat=True)
            waiting = [ended[tie] for tie in set(cards) if tie is not None]
        for one in waiting:
            family.take_off_all(member=one, at=now)
    return done


def _has_left(controller: Controller, holder: int) -> bool:
    """Whether the customer is one no more, for good. Whose data is restricted (GDPR 18), or lies in the archive while
    the ending can be undone (D10), has not left: asked where both are seen.
    """
    with Scope(_actor(controller), "retention", frozenset({holder})):
        customer = Relationship.objects.filter(
            subject_id__in=same_person(holder), controller_id=controller.pk, kind="customer", ended__isnull=True
        )
        return not customer.exists() and not agreements.may_return(subject_id=holder, on=clock.today())


def _standing(controller: Controller, subject_id: int, member_id: int) -> FamilyMember:
    """Somebody of the family whose consent counts today. Raises `ServiceError` `no-family`, `child-consents`."""
    _needed(controller, subject_id)
    with _all(controller):
        found = family.of_holder(holder=subject_id).filter(id=member_id, controller_id=controller.pk).first()
        if found is None:
            raise ServiceError("no-family", "nobody in your family by that")
        birth = ages.born(subject_id=found.subject_id)
        age = family.consent_age(controller_id=controller.pk, on=clock.today())
        if found.consent_by == ConsentBy.PARENT and (birth is None or _birthday(birth, age) <= clock.today()):
            raise ServiceError("child-consents", "who is that old says yes by their own sign-in")
        return found


def _needed(controller: Controller, subject_id: int) -> None:
    if not _may_add(controller, subject_id):
        raise ServiceError("no-service", "none of your services helps a family")


def _no_more(controller: Controller, subject_id: int, route: str) -> None:
    """The consent is withdrawn, unless another family of the person's rests on it."""
    if not family.of_member(subject_id=subject_id).filter(controller_id=controller.pk).exists():
        _consent(controller, subject_id, EventKind.WITHDRAWN, route, "")


def _consent(controller: Controller, subject_id: int, kind: EventKind, route: str, wording: str) -> None:
    with Scope(_actor(controller), "consent_management", frozenset({subject_id})) as scope:
        consent.record(
            scope=scope,
            subject_id=own(subject_id),
            controller_id=controller.pk,
            activity=ACTIVITY,
            kind=kind,
            route=route,
            wording=sha256(wording.encode()).hexdigest() if wording else "",
            at=clock.now(),
        )


def _birthday(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February, in a year without one
        return date(born.year + years, 3, 1)


def _actor(controller: Controller) -> Actor:
    return system("family", {controller.pk})


def _all(controller: Controller) -> Scope:
    return Scope(_actor(controller), ACTIVITY)


def _scope(controller: Controller, *subjects: int) -> Scope:
    return Scope(_actor(controller), ACTIVITY, frozenset(subjects))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ServiceError("birth-date", "that is no date") from None
