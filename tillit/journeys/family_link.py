"""The link to a family that a customer hands over (D12): who it is from, a way in for who has none, a yes or a no."""

from collections.abc import Mapping
from uuid import UUID

from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.journeys.family_ties import actor_of, consented, day_of, everybody, naming
from tillit.journeys.joining import Words
from tillit.journeys.sign_in import PER_NETWORK, TRIES_PER_NETWORK, from_network, mail_allowed
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError
from tillit.kernel.identifiers import email as emails
from tillit.kernel.scope import Scope
from tillit.messages.mail import send_unstored
from tillit.parties import codes, directories
from tillit.parties import operations as parties
from tillit.parties.contacts import record_address
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Login
from tillit.parties.queries import facts
from tillit.services import ages, family
from tillit.services.errors import ServiceError
from tillit.services.family_models import FamilyInvitation, FamilyMember

SERVICE = "card_blocking"
PURPOSE, NEVER = "family", "family_never"


def invited(*, controller: Controller, secret: str) -> tuple[FamilyInvitation, str] | None:
    """An open invitation by the secret of its link, and the given name of who invites; None where there is none."""
    wanted = family.digest_of(controller_id=controller.pk, secret=secret)
    with everybody(controller):
        found = FamilyInvitation.objects.filter(
            digest=wanted, controller_id=controller.pk, settled_at__isnull=True, expires_at__gt=clock.now()
        ).first()
    if found is None:
        return None
    with Scope(actor_of(controller), SERVICE, frozenset({found.subject_id})):
        return found, facts(subject_id=found.subject_id).get("name.given", "")


def known_birth(*, controller: Controller, subject_id: int) -> bool:
    """Whether the person's date of birth is on record."""
    with naming(controller, subject_id):
        return ages.born(subject_id=subject_id) is not None


def ask_code(*, controller: Controller, typed: Mapping[str, str], network_address: str, words: Words) -> UUID:
    """Send a code to the e-mail address of somebody invited who has no way in yet; its id. Raises `ServiceError`
    (`family-name`, `birth-date`, `parent-consents`, `email`) and `TooManyTriesError`.
    """
    from_network(PER_NETWORK, str(controller.register_id), network_address)
    family.named(typed.get("given", "")), family.named(typed.get("family", ""))
    on = clock.today()
    if ages.age(born=day_of(typed.get("born", "")), on=on) < family.consent_age(controller_id=controller.pk, on=on):
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
    with everybody(controller) as scope:
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
    with naming(controller, subject_id, found[0].subject_id) as scope:
        birth = ages.born(subject_id=subject_id) or day_of(born)
        made = family.accept(scope=scope, subject_id=subject_id, invitation=found[0], born=birth, at=clock.now())
        consented(controller, subject_id, EventKind.GIVEN, "self_service", wording)
    return made


def decline(*, controller: Controller, secret: str) -> None:
    """Whoever holds the link says no: the invitation is over, and nothing is kept of who said it."""
    found = invited(controller=controller, secret=secret)
    if found is not None:
        with naming(controller, found[0].subject_id) as scope:
            family.settle(scope=scope, invitation=found[0], outcome="declined", at=clock.now())
