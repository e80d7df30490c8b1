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
from tillit.membership import bonus_ids, events
from tillit.membership.operations import accept_terms
from tillit.parties import directories
from tillit.parties import operations as parties
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Login, Relationship
from tillit.parties.operations import NewFact
from tillit.privacy import archive
from tillit.purchases.operations import recognise_in_web_shops

ACTIVITY = "membership_administration"
ONLY_WROTE = frozenset({"enquirer", "visitor"})
SEEN_BY = "rights_requests"
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
                if bonus_ids.issued_by(controller_id=controller_id):
                    bonus_ids.issue(
                        scope=scope, subject_id=subject_id, register_id=club.register_id, holder=holder, at=at
                    )
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
    """The BonusID of e-mail and mobile together, made when neither is known; whether it is new.

    One of them may be held by somebody who has only written to us: whoever has shown both is that person, who has no
    BonusID yet. Otherwise a mail, also one with another's address as its sender, would keep its owner from joining.
    """
    keys = keys_of(stated, register_id=register_id)
    found = {directories.resolve(register_id=register_id, kind=kind, digest=key) for kind, key in keys.items()}
    known = found - {None}
    if len(known) > 1:
        raise JoinRefusedError("other-person", "the e-mail address and the mobile number are not one member's")
    if known:
        subject_id = next(one for one in known if one is not None)
        if None not in found:
            return subject_id, False
        if not _only_wrote(subject_id, register_id):
            raise JoinRefusedError("other-person", "the e-mail address and the mobile number are not one member's")
    else:
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
    if known:
        _correct_names(subject_id, register_id, stated, at)
    parties.open_account(scope=scope, subject_id=subject_id, register_id=register_id, at=at)
    return subject_id, True


def _only_wrote(subject_id: int, register_id: int) -> bool:
    """Whether somebody is known from what they wrote or where they went, and was never anything else to anybody.

    Seen at every controller of the register, in any row state; who has an account or is merged is somebody.
    """
    if Login.objects.filter(subject_id=subject_id).exists() or len(same_person(subject_id)) > 1:
        return False
    everyone = Controller.objects.filter(register_id=register_id).values_list("id", flat=True)
    with Scope(system("join", everyone), SEEN_BY, frozenset({subject_id})):
        ties = set(Relationship.objects.filter(subject_id=subject_id).values_list("kind", flat=True))
    return bool(ties) and ties <= ONLY_WROTE


def _correct_names(subject_id: int, register_id: int, stated: Applicant, at: datetime) -> None:
    """A name that came with a message, and is not the person's, holds no more anywhere."""
    said = {fact.kind: fact.value for fact in facts_of(stated) if fact.category == "identity"}
    everyone = Controller.objects.filter(register_id=register_id).values_list("id", flat=True)
    with Scope(system("join", everyone), ACTIVITY, frozenset({subject_id})) as scope:
        for one in Fact.objects.filter(subject_id=subject_id, kind__in=said, superseded_at__isnull=True):
            if one.value != said[one.kind]:
                parties.retire_fact(
                    scope=scope, subject_id=subject_id, controller_id=one.controller_id, kind=one.kind, at=at
                )


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
