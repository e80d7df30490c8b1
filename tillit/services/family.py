"""Family members and children: added by their own yes, or a parent's while they are too young to give it; withdrawn at
once with everything that was entered for them (D2, D12). Within an open scope of `family_services` that sees both.

From `consent_age` (declared; whole years on the day) only the person's own yes counts: a child whom a parent added is
ended on that birthday, unless it has said yes by then.
"""

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError
from tillit.kernel.identifiers import name as names
from tillit.kernel.scope import Scope, system
from tillit.parties import journal
from tillit.parties import operations as parties
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import same_person
from tillit.parties.models import Login, Relationship
from tillit.services import ages, events, instruments
from tillit.services.acting import mandates
from tillit.services.acting.models import WEB_CLEANUP
from tillit.services.errors import ServiceError
from tillit.services.family_models import ConsentBy, FamilyEnd, FamilyInvitation, FamilyMember, Relation
from tillit.services.models import Instrument

ACTIVITY, KIND, BLOCKING = "family_services", "family_member", "card_blocking"
MOST = 20
INVITED_FOR = timedelta(days=14)


def of_holder(*, holder: int) -> QuerySet[FamilyMember]:
    """The customer's family as it stands, oldest first."""
    found = FamilyMember.objects.filter(holder_id__in=same_person(holder), ends__isnull=True)
    return found.order_by("starts", "id")


def of_member(*, subject_id: int) -> QuerySet[FamilyMember]:
    """Through whom the person is helped, as it stands."""
    return FamilyMember.objects.filter(subject_id__in=same_person(subject_id), ends__isnull=True).order_by("starts")


def consent_age(*, controller_id: int, on: date) -> int:
    """From which age only the person's own yes counts."""
    declared = current(controller_id=controller_id, on=on).children
    return declared.consent_age


def invite(
    *, scope: Scope, holder: int, controller_id: int, name: str, relation: str, at: datetime
) -> tuple[FamilyInvitation, str]:
    """An invitation that the customer hands over themselves, and the secret of its link, which is nowhere else.

    Raises `ServiceError`: `family-name`, `family-many`.
    """
    called, kind = named(name)[:60], _relation(relation)
    state = parties.lock_subject(scope=scope, subject_id=holder)
    standing = FamilyInvitation.objects.filter(subject_id=holder, settled_at__isnull=True, expires_at__gt=at)
    if standing.count() + of_holder(holder=holder).count() >= MOST:
        raise ServiceError("family-many", f"at most {MOST} in a family")
    secret = secrets.token_urlsafe(18)
    made = FamilyInvitation.objects.create(
        subject_id=holder,
        controller_id=controller_id,
        state=state,
        name=called,
        relation=kind,
        digest=digest_of(controller_id=controller_id, secret=secret),
        made_at=at,
        expires_at=at + INVITED_FOR,
    )
    return made, secret


def digest_of(*, controller_id: int, secret: str) -> UUID:
    """The keyed digest by which an invitation is found."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    return digest(register, Kind.LOGIN_SUB, f"family:{secret}")


def settle(*, scope: Scope, invitation: FamilyInvitation, outcome: str, at: datetime) -> None:
    """An invitation is over: `accepted`, `declined` or `withdrawn`. Its link opens nothing more."""
    parties.lock_subject(scope=scope, subject_id=invitation.subject_id)
    invitation.settled_at, invitation.outcome = at, outcome
    invitation.save(update_fields=["settled_at", "outcome"])


def add_child(
    *, scope: Scope, holder: int, controller_id: int, given: str, family: str, born: date, at: datetime
) -> FamilyMember:
    """A child too young to decide, on the parent's consent. Raises `ServiceError`: `family-name`, `birth-date`,
    `child-consents` (old enough to say yes itself), `family-many`.
    """
    on = clock.local_date(at)
    if ages.age(born=born, on=on) >= consent_age(controller_id=controller_id, on=on):
        raise ServiceError("child-consents", "who is that old says yes by their own sign-in")
    facts = [
        parties.NewFact("family", "name.given", named(given)),
        parties.NewFact("family", "name.family", named(family)),
        parties.NewFact("family", "birth_date", born.isoformat()),
    ]
    parties.lock_subject(scope=scope, subject_id=holder)
    if of_holder(holder=holder).count() >= MOST:
        raise ServiceError("family-many", f"at most {MOST} in a family")
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    child = parties.create_subject(scope=scope, register_id=register)
    parties.record_facts(
        scope=scope, subject_id=child, controller_id=controller_id, facts=facts, source="family_member", at=at
    )
    return _tie(scope, child, holder, controller_id, Relation.CHILD, ConsentBy.PARENT, at)


def accept(*, scope: Scope, subject_id: int, invitation: FamilyInvitation, born: date, at: datetime) -> FamilyMember:
    """The person says yes, signed in as themselves. Raises `ServiceError`: `parent-consents` (too young),
    `birth-date`, `own-family`, `invitation-over`.
    """
    controller_id, on = invitation.controller_id, clock.local_date(at)
    if invitation.settled_at is not None or invitation.expires_at <= at:
        raise ServiceError("invitation-over", "this invitation is over")
    if subject_id in same_person(invitation.subject_id):
        raise ServiceError("own-family", "nobody is their own family")
    if ages.age(born=born, on=on) < consent_age(controller_id=controller_id, on=on):
        raise ServiceError("parent-consents", "a parent adds who is that young")
    parties.lock_subjects(scope=scope, subject_ids=[subject_id, invitation.subject_id])
    for standing in of_member(subject_id=subject_id).filter(holder_id=invitation.subject_id):
        settle(scope=scope, invitation=invitation, outcome="accepted", at=at)
        return standing
    if ages.born(subject_id=subject_id) is None:
        fact = parties.NewFact("family", "birth_date", born.isoformat())
        parties.record_facts(
            scope=scope, subject_id=subject_id, controller_id=controller_id, facts=[fact], source="data_subject", at=at
        )
    relation = Relation(invitation.relation)
    made = _tie(scope, subject_id, invitation.subject_id, controller_id, relation, ConsentBy.SELF, at)
    settle(scope=scope, invitation=invitation, outcome="accepted", at=at)
    return made


def _tie(
    scope: Scope, subject_id: int, holder: int, controller_id: int, relation: Relation, by: ConsentBy, at: datetime
) -> FamilyMember:
    parties.relate(
        scope=scope, subject_id=subject_id, controller_id=controller_id, kind=KIND, started=clock.local_date(at)
    )
    made = FamilyMember.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=parties.lock_subject(scope=scope, subject_id=subject_id),
        holder_id=holder,
        relation=relation,
        consent_by=by,
        starts=at,
    )
    append(
        type=events.FAMILY_ADDED,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={"member": made.id, "relation": str(relation), "consent": str(by)},
    )
    return made


def end(*, scope: Scope, members: Iterable[FamilyMember], reason: FamilyEnd, at: datetime) -> int:
    """It is over, at once: what was entered for them through this customer is off the service with its numbers, save
    what is being blocked just now, which goes when that is done (`follow`). How many.
    """
    done = 0
    for member in members:
        parties.lock_subject(scope=scope, subject_id=member.subject_id)
        member.ends, member.end_reason = max(at, member.starts), reason
        member.save(update_fields=["ends", "end_reason"])
        journal.remember(scope=scope, rows=[member], at=at)
        take_off_all(member=member, at=at)
        if member.consent_by == ConsentBy.PARENT:
            _mandates_over(member=member, at=at)
        left = of_member(subject_id=member.subject_id)
        open_one = Relationship.objects.filter(
            subject_id=member.subject_id, controller_id=member.controller_id, kind=KIND, ended__isnull=True
        ).first()
        if not left.exists() and open_one is not None:
            parties.end_relationship(
                scope=scope,
                subject_id=member.subject_id,
                controller_id=member.controller_id,
                kind=KIND,
                ended=max(clock.local_date(at), open_one.started),
                reason=str(reason),
            )
        append(
            type=events.FAMILY_ENDED,
            scope=scope,
            controller=member.controller_id,
            subject=member.subject_id,
            details={"member": member.id, "reason": str(reason)},
        )
        done += 1
    return done


def cards(*, member: FamilyMember) -> QuerySet[Instrument]:
    """What the customer has entered for them."""
    return instruments.mine(subject_id=member.subject_id).filter(tie_id=member.id)


def take_off_all(*, member: FamilyMember, at: datetime) -> int:
    """Take off what was entered for them, as far as nothing of it is being blocked; how many are left. Cards are seen
    for the blocking alone, so this opens its own scope of that one person.
    """
    left = 0
    blocking = Scope(system("family", {member.controller_id}), BLOCKING, frozenset({member.subject_id}))
    with blocking as scope:
        for card in cards(member=member):
            try:
                instruments.take_off(scope=scope, subject_id=member.subject_id, instrument_id=card.id, at=at)
            except ServiceError:
                left += 1
    return left


def _mandates_over(*, member: FamilyMember, at: datetime) -> None:
    """What a parent signed for the child rests on their consent: with it, it is over, but for what another parent
    signed whose consent stands. In a scope of its own, of that one child, within the same transaction.
    """
    declared = current(controller_id=member.controller_id, on=clock.local_date(at))
    if declared.activity(WEB_CLEANUP) is None:
        return
    parents = of_member(subject_id=member.subject_id).filter(consent_by=ConsentBy.PARENT)
    people = {one for parent in parents for one in same_person(parent.holder_id)}
    logins = Login.objects.filter(subject_id__in=people).values_list("id", flat=True)
    with Scope(system("family", {member.controller_id}), WEB_CLEANUP, frozenset({member.subject_id})) as scope:
        mandates.guardian_gone(
            scope=scope, subject_id=member.subject_id, but={f"member:{number}" for number in logins}, at=at
        )


def named(text: str) -> str:
    """A name as kept. Raises `ServiceError` `family-name`."""
    try:
        return names.normalise(text)
    except IdentifierError:
        raise ServiceError("family-name", "write the name") from None


def _relation(text: str) -> Relation:
    if text not in Relation.values:
        raise ServiceError("family-relation", "say what the person is to you")
    return Relation(text)
