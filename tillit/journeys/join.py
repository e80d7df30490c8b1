"""Joining a club (C1-C3): one account per person, the coalition with it, terms accepted, both controllers named.

A BonusID that is there already is found by e-mail and mobile together and linked; nothing of it is changed or shown.
Two people joining with the same address at the same moment: the directory gives it to one, and the other try starts
over and finds that one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tillit.audit.operations import append
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import misuse
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.identifiers import email, name, phone
from tillit.kernel.scope import Actor, Scope, system
from tillit.membership import events
from tillit.membership.operations import accept_terms
from tillit.parties import directories
from tillit.parties import operations as parties
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.models import Relationship
from tillit.parties.operations import NewFact
from tillit.privacy import archive
from tillit.purchases.operations import recognise_in_web_shops

ACTIVITY = "membership_administration"
_TRIES = 5
_OLDEST = 130


class JoinRefusedError(TillitError):
    """The person cannot join as asked. A face must not say which of the two addresses is known."""

    exit_code = 2


@dataclass(frozen=True)
class Applicant:
    """What a person states when joining. Text as written; it is checked and put in order here."""

    given: str = field(repr=False)
    family: str = field(repr=False)
    street: str = field(repr=False)
    postal_code: str = field(repr=False)
    city: str = field(repr=False)
    email: str = field(repr=False)
    mobile: str = field(repr=False)
    birth_date: date = field(repr=False)


@dataclass(frozen=True)
class Agreement:
    """A consent given while joining: to which activity, over which channel ('' is all), in which wording (digest)."""

    activity: str
    wording: str
    channel: str = ""


@dataclass(frozen=True)
class Joined:
    """The person, whether the BonusID is new, and the controllers that now answer for the membership (C2)."""

    subject_id: int
    new: bool
    controllers: tuple[str, ...]


def join(
    *,
    controller_id: int,
    applicant: Applicant,
    route: str,
    at: datetime,
    actor: Actor | None = None,
    agreements: Iterable[Agreement] = (),
    identity: str = "",
) -> Joined:
    """Enrol a person in a club, and in the coalition whose register it shares. Again: the same membership.

    `route`: web, sms or reception (whose staff is then `actor`, and `identity` a code for what they have seen of who it
    is). Raises `IdentifierError` for what is no name, address
    or mobile, and `JoinRefusedError`: `too-young`, `birth-date`, `not-mobile`, or `other-person` when e-mail and mobile
    are not one person's, who then signs in and changes the profile.
    """
    club = Controller.objects.get(pk=controller_id)
    holder = holder_of(controller_id=controller_id)
    ordered = checked(applicant, minimum_age=minimum_age(controller_id=controller_id, at=at), at=at)
    acting = actor or system("join", {controller_id, holder})
    for tries in range(_TRIES):
        try:
            with Scope(acting, ACTIVITY) as scope:
                subject_id, new = _person(scope, club.register_id, holder, ordered, route, at)
                if not new and misuse.refused(subject_id=subject_id, controller_id=controller_id):
                    raise JoinRefusedError("refused", "the person cannot become a member now")
                for answerable in dict.fromkeys((controller_id, holder)):
                    _enrol(scope, subject_id, answerable, route, at, identity)
            break
        except AlreadyClaimedError:
            if tries == _TRIES - 1:
                raise
    if not new:  # what was archived for joining again only comes back with it (B7)
        for answerable in dict.fromkeys((controller_id, holder)):
            archive.restore(subject_id=subject_id, controller_id=answerable)
    if given := list(agreements):
        with Scope(system("join", {controller_id, holder}), "consent_management", frozenset({subject_id})) as scope:
            for one in given:
                consent.record(
                    scope=scope,
                    subject_id=subject_id,
                    controller_id=controller_id,
                    activity=one.activity,
                    channel=one.channel,
                    kind=EventKind.GIVEN,
                    route=route,
                    wording=one.wording,
                    at=at,
                )
    names = dict(Controller.objects.filter(pk__in=(controller_id, holder)).values_list("id", "name"))
    return Joined(subject_id, new, tuple(names[one] for one in dict.fromkeys((controller_id, holder))))


def minimum_age(*, controller_id: int, at: datetime) -> int:
    """How old members of the controller's programme are at least; 0 where it says nothing."""
    programme = current(controller_id=controller_id, on=clock.local_date(at)).programme
    return programme.minimum_age if programme else 0


def checked(given: Applicant, *, minimum_age: int, at: datetime) -> Applicant:
    """The applicant with everything in its normal form. Raises as `join` does, but `other-person`."""
    born = given.birth_date
    check_birth_date(born, minimum_age=minimum_age, today=clock.local_date(at))
    mobile = phone.normalise(given.mobile)
    if not phone.is_mobile(mobile):
        raise JoinRefusedError("not-mobile", "the number is not a mobile number")
    return Applicant(
        given=name.normalise(given.given),
        family=name.normalise(given.family),
        street=name.normalise(given.street),
        postal_code=name.normalise(given.postal_code),
        city=name.normalise(given.city),
        email=email.normalise(given.email),
        mobile=mobile,
        birth_date=born,
    )


def check_birth_date(born: date, *, minimum_age: int, today: date) -> None:
    """Raises `JoinRefusedError`: `birth-date` for nobody's who lives, `too-young`."""
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not 0 <= age <= _OLDEST or born > today:
        raise JoinRefusedError("birth-date", "that is no date of birth of a person who lives")
    if age < minimum_age:
        raise JoinRefusedError("too-young", f"members are at least {minimum_age} years old")


def _person(
    scope: Scope, register_id: int, holder: int, stated: Applicant, route: str, at: datetime
) -> tuple[int, bool]:
    """The BonusID of e-mail and mobile together, made when neither is known; whether it is new."""
    keys = keys_of(stated, register_id=register_id)
    found = {directories.resolve(register_id=register_id, kind=kind, digest=key) for kind, key in keys.items()}
    if found != {None}:
        if len(found) > 1 or None in found:
            raise JoinRefusedError("other-person", "the e-mail address and the mobile number are not one member's")
        (known,) = found
        assert known is not None  # noqa: S101 (looked at above)
        return known, False
    subject_id = parties.create_subject(scope=scope, register_id=register_id)
    for kind, key in keys.items():
        directories.claim(register_id=register_id, kind=kind, digest=key, subject_id=subject_id)
    recognise_in_web_shops(
        scope=scope, subject_id=subject_id, register_id=register_id, after=(stated.mobile, stated.email)
    )
    parties.record_facts(
        scope=scope,
        subject_id=subject_id,
        controller_id=holder,
        facts=facts_of(stated),
        source="data_subject",
        at=at,
    )
    parties.open_account(scope=scope, subject_id=subject_id, register_id=register_id, at=at)
    return subject_id, True


def keys_of(stated: Applicant, *, register_id: int) -> dict[Kind, UUID]:
    """The digests that identify a checked applicant, in the order in which they are claimed."""
    return {
        Kind.EMAIL: digest(register_id, Kind.EMAIL, email.matching_key(stated.email)),
        Kind.PHONE: digest(register_id, Kind.PHONE, stated.mobile),
    }


def facts_of(stated: Applicant) -> list[NewFact]:
    """What is recorded of a checked applicant."""
    return [
        NewFact("identity", "name.given", stated.given),
        NewFact("identity", "name.family", stated.family),
        NewFact("contact", "address.street", stated.street),
        NewFact("contact", "address.postal_code", stated.postal_code),
        NewFact("contact", "address.city", stated.city),
        NewFact("contact", "email", stated.email),
        NewFact("contact", "phone", stated.mobile),
        NewFact("birth_date", "birth_date", stated.birth_date.isoformat()),
    ]


def _enrol(scope: Scope, subject_id: int, controller_id: int, route: str, at: datetime, identity: str) -> None:
    """The relationship and the terms with one controller; an event when it is a new one."""
    started = clock.local_date(at)
    accepted = accept_terms(scope=scope, subject_id=subject_id, controller_id=controller_id, route=route, at=at)
    open_ones = {"subject_id": subject_id, "controller_id": controller_id, "kind": "member", "ended": None}
    standing = Relationship.objects.filter(**open_ones).exists()
    parties.relate(scope=scope, subject_id=subject_id, controller_id=controller_id, kind="member", started=started)
    if not standing:
        append(
            type=events.JOINED,
            scope=scope,
            controller=controller_id,
            subject=subject_id,
            details={"route": route, "version": accepted.version} | ({"identity": identity} if identity else {}),
        )
