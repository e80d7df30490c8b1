"""Family and children, from both sides: the customer's page, the link that is handed over, the person's own page (D12).

A customer's scope never sees another person's rows: what a customer may see of the family is read here, once it is
known that the tie stands, in a scope of the service's own that names both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.family_ties import actor_of, birthday, consented, day_of, everybody, naming
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.parties.queries import facts
from tillit.services import ages, agreements, blocking, family, instruments
from tillit.services.errors import ServiceError
from tillit.services.family import ACTIVITY
from tillit.services.family_models import ConsentBy, FamilyEnd, FamilyInvitation, FamilyMember
from tillit.services.models import Instrument, Issuer
from tillit.services.product_models import ServiceProduct

SERVICE = "card_blocking"
HELPS = ("card_blocking", "id_protection", "web_cleanup")
"""The services that help a customer's family, too."""


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
    with everybody(controller):
        standing = list(family.of_holder(holder=subject_id))
        through = list(family.of_member(subject_id=subject_id))
        waiting = FamilyInvitation.objects.filter(
            subject_id__in=same_person(subject_id), settled_at__isnull=True, expires_at__gt=now
        )
        invitations = list(waiting.order_by("made_at"))
    people = frozenset({subject_id, *(m.subject_id for m in standing), *(m.holder_id for m in through)})
    with Scope(actor_of(controller), SERVICE, people):
        shown = [_shown(controller, one) for one in standing]
        holders = [(one, _name(one.holder_id)) for one in through]
    return Family(shown, invitations, holders, _may_add(controller, subject_id))


def _shown(controller: Controller, member: FamilyMember) -> Shown:
    birth, decides = ages.born(subject_id=member.subject_id), None
    if member.consent_by == ConsentBy.PARENT and birth is not None:
        decides = birthday(birth, family.consent_age(controller_id=controller.pk, on=clock.today()))
    return Shown(member, _name(member.subject_id), list(family.cards(member=member)), decides)


def _name(subject_id: int) -> str:
    known = facts(subject_id=subject_id)
    return " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))


def _may_add(controller: Controller, subject_id: int) -> bool:
    """Whether a service needs the family at all: the person has one that helps it, or the controller sells none."""
    products = ServiceProduct.objects.filter(controller=controller)
    sold = [one for one in HELPS if products.filter(services__contains=[one]).exists()]
    with Scope(actor_of(controller), agreements.ACTIVITY, frozenset({subject_id})):
        customer = Relationship.objects.filter(
            subject_id__in=same_person(subject_id), controller_id=controller.pk, kind="customer", ended__isnull=True
        ).exists()
        return customer and (
            not sold
            or any(
                agreements.has_access(subject_id=subject_id, controller_id=controller.pk, service=one, on=clock.today())
                for one in sold
            )
        )


def invite(*, controller: Controller, subject_id: int, name: str, relation: str) -> str:
    """An invitation; the secret of the link, which the customer hands over. Raises `ServiceError` (`no-service`)."""
    _needed(controller, subject_id)
    with naming(controller, subject_id) as scope:
        return family.invite(
            scope=scope, holder=subject_id, controller_id=controller.pk, name=name, relation=relation, at=clock.now()
        )[1]


def withdraw_invitation(*, controller: Controller, subject_id: int, invitation_id: int) -> None:
    """The link opens nothing more."""
    with naming(controller, subject_id) as scope:
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
    with everybody(controller) as scope:
        made = family.add_child(
            scope=scope,
            holder=subject_id,
            controller_id=controller.pk,
            given=given,
            family=surname,
            born=day_of(born),
            at=now,
        )
        consented(controller, made.subject_id, EventKind.GIVEN, "parent", wording)
    return made


def withdraw(*, controller: Controller, subject_id: int, member_id: int) -> None:
    """The person takes their yes to one customer back: what that one entered for them is gone at once (D2, D12). The
    consent itself ends with the last of their families.
    """
    with everybody(controller) as scope:
        standing = family.of_member(subject_id=subject_id).filter(id=member_id)
        if family.end(scope=scope, members=standing, reason=FamilyEnd.WITHDRAWN, at=clock.now()):
            _no_more(controller, subject_id, "self_service")


def remove(*, controller: Controller, subject_id: int, member_id: int) -> None:
    """The customer takes somebody out of the family; of a child that is the parent's consent withdrawn."""
    with everybody(controller) as scope:
        for one in family.of_holder(holder=subject_id).filter(id=member_id):
            family.end(scope=scope, members=[one], reason=FamilyEnd.REMOVED, at=clock.now())
            if one.consent_by == ConsentBy.PARENT:
                _no_more(controller, one.subject_id, "parent")


def put_on(
    *, controller: Controller, subject_id: int, member_id: int, issuer: str, number: str, expires_on: date | None
) -> Instrument:
    """Enter a card or subscription of somebody in the family. Raises `ServiceError`: `no-family`, and as `put_on`."""
    member = standing_member(controller, subject_id, member_id)
    chosen = Issuer.objects.filter(controller=controller, key=issuer).first()
    if chosen is None:
        raise ServiceError("issuer", "choose who issued it")
    with Scope(actor_of(controller), SERVICE, frozenset({member.subject_id})) as scope:
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
    member = standing_member(controller, subject_id, member_id)
    with Scope(actor_of(controller), SERVICE, frozenset({member.subject_id})) as scope:
        if not family.cards(member=member).filter(id=instrument_id).exists():
            raise ServiceError("no-instrument", "there is no such card or subscription")
        instruments.take_off(scope=scope, subject_id=member.subject_id, instrument_id=instrument_id, at=clock.now())


def block(*, controller: Controller, subject_id: int, member_id: int, language: str) -> None:
    """Block everything that was entered for somebody in the family, now. Raises `ServiceError`."""
    member = standing_member(controller, subject_id, member_id)
    with Scope(actor_of(controller), SERVICE, frozenset({member.subject_id})) as scope:
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
        with everybody(controller) as scope:
            for one in FamilyMember.objects.filter(controller_id=controller.pk, ends__isnull=True).order_by("id"):
                birth = ages.born(subject_id=one.subject_id)
                grown = (
                    one.consent_by == ConsentBy.PARENT and birth is not None and birthday(birth, age) <= clock.today()
                )
                if grown or _has_left(controller, one.holder_id):
                    reason = FamilyEnd.OF_AGE if grown else FamilyEnd.HOLDER_LEFT
                    done += family.end(scope=scope, members=[one], reason=reason, at=now)
            over = FamilyMember.objects.filter(controller_id=controller.pk, ends__isnull=False)
            ended = {one.id: one for one in over}
        with Scope(actor_of(controller), SERVICE):
            cards = Instrument.objects.filter(tie_id__in=ended, removed_at=None).values_list("tie_id", flat=True)
            waiting = [ended[tie] for tie in set(cards) if tie is not None]
        for one in waiting:
            family.take_off_all(member=one, at=now)
    return done


def _has_left(controller: Controller, holder: int) -> bool:
    """Whether the customer is one no more, for good. Whose data is restricted (GDPR 18), or lies in the archive while
    the ending can be undone (D10), has not left: asked where both are seen.
    """
    with Scope(actor_of(controller), "retention", frozenset({holder})):
        customer = Relationship.objects.filter(
            subject_id__in=same_person(holder), controller_id=controller.pk, kind="customer", ended__isnull=True
        )
        return not customer.exists() and not agreements.may_return(subject_id=holder, on=clock.today())


def decides_on(controller: Controller, member: FamilyMember) -> date | None:
    """The day from which only the person's own yes counts; None where that is so already, by their own consent."""
    with everybody(controller):
        birth = ages.born(subject_id=member.subject_id)
    if member.consent_by == ConsentBy.SELF or birth is None:
        return None
    return birthday(birth, family.consent_age(controller_id=controller.pk, on=clock.today()))


def standing_member(controller: Controller, subject_id: int, member_id: int) -> FamilyMember:
    """Somebody of the family whose consent counts today. Raises `ServiceError` `no-family`, `child-consents`."""
    _needed(controller, subject_id)
    with everybody(controller):
        found = family.of_holder(holder=subject_id).filter(id=member_id, controller_id=controller.pk).first()
        if found is None:
            raise ServiceError("no-family", "nobody in your family by that")
        birth = ages.born(subject_id=found.subject_id)
        age = family.consent_age(controller_id=controller.pk, on=clock.today())
        if found.consent_by == ConsentBy.PARENT and (birth is None or birthday(birth, age) <= clock.today()):
            raise ServiceError("child-consents", "who is that old says yes by their own sign-in")
        return found


def _needed(controller: Controller, subject_id: int) -> None:
    if not _may_add(controller, subject_id):
        raise ServiceError("no-service", "none of your services helps a family")


def _no_more(controller: Controller, subject_id: int, route: str) -> None:
    """The consent is withdrawn, unless another family of the person's rests on it."""
    if not family.of_member(subject_id=subject_id).filter(controller_id=controller.pk).exists():
        consented(controller, subject_id, EventKind.WITHDRAWN, route, "")
