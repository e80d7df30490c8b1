"""Which system calls, and whom of the controller's people it reaches."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from tillit.consent.queries import may_over_any
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Activity
from tillit.journeys.entitlement_asked import customer_of
from tillit.journeys.systems.errors import SystemRefusedError
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import lookup
from tillit.parties.merging import own, same_people, same_person
from tillit.parties.models import Relationship, Subject
from tillit.services import entitlements, partners
from tillit.services.errors import ServiceError
from tillit.services.product_models import Partner

LOG = "disclosure_record"


@dataclass(frozen=True)
class System:
    """A system that calls. `client`: the number of its key; `party`: the recipient or processor the controller declares
    it as; `activity`: what it is declared for. A paying partner's has the partner, and neither of them.
    """

    client: int
    controller: Controller
    party: str = ""
    activity: str = ""
    partner: Partner | None = None

    @property
    def everyone(self) -> frozenset[int]:
        """The controller and, of a joint register, its holder, whose rows are the person's, too."""
        return frozenset({self.controller.pk, holder_of(controller_id=self.controller.pk)})

    def actor(self, activity: str) -> Actor:
        """Who acts, for one activity."""
        return Actor("partner", str(self.client), self.everyone, frozenset({activity}))


@dataclass(frozen=True)
class Who:
    """How a system names somebody: exactly one is given."""

    subject: int | None = None
    number: str = ""
    address: str = ""
    identity_number: str = ""


def check(*, controller: Controller, party: str, activity: str) -> Activity:
    """What the declaration in effect says of the activity. Raises `SystemRefusedError` `system-undeclared` where it
    names no such recipient or processor, no such activity, or keeps no log of what that discloses.
    """
    declared = current(controller_id=controller.pk, on=clock.today())
    found = declared.activity(activity)
    known = {*(one.key for one in declared.recipients), *(one.key for one in declared.processors)}
    if found is None or party not in known:
        raise SystemRefusedError("system-undeclared", f"the declaration has no '{party}' for '{activity}'")
    if LOG not in found.records:
        raise SystemRefusedError("system-undeclared", f"'{activity}' keeps no log of what is disclosed ({LOG})")
    return found


def declared(system: System) -> Activity:
    """The same for who calls, at each call: what is declared no more, is allowed no more."""
    if system.partner is not None:
        raise SystemRefusedError("system-undeclared", "a paying partner's system has no activity of its own")
    return check(controller=system.controller, party=system.party, activity=system.activity)


def person(*, system: System, who: Who, processed: bool = True) -> int:
    """Whom the system means: of the controller's people, those it may process for its activity (`processed`; else
    those with a relationship at all). A paying partner means its own customers, by what it is declared to send.

    Raises `SystemRefusedError` `person-unknown`, for whatever reason, and `system-undeclared`.
    """
    found = _customer(system, who) if system.partner is not None else _anybody(system, who, processed=processed)
    if found is None:
        raise SystemRefusedError("person-unknown", "nobody of the controller's is meant by that")
    return found


def _customer(calling: System, who: Who) -> int | None:
    partner = calling.partner
    assert partner is not None  # noqa: S101 (asked before)
    try:
        said = partners.declared(partner=partner, on=clock.today())
    except ServiceError:
        raise SystemRefusedError("system-undeclared", "the declaration names the partner no more") from None
    subject = who.subject or customer_of(
        partner=partner, sends=said.sends, number=who.number, identity_number=who.identity_number
    )
    if subject is None:
        return None
    with Scope(system("partner_asks", {partner.controller_id}), "entitlement_check", frozenset({subject})):
        standing = entitlements.standing(subject_id=subject, on=clock.today())
        return subject if any(one.partner_id == partner.pk for one in standing) else None


def _anybody(calling: System, who: Who, *, processed: bool) -> int | None:
    activity = declared(calling)
    register: dict[str, Any] = {"register_id": calling.controller.register_id}
    subject = who.subject
    if who.number:
        subject = lookup.by_number(**register, text=who.number)
    if who.address:
        subject = lookup.by_address(**register, text=who.address)
    if subject is None or not Subject.objects.filter(pk=subject, **register).exists():
        return None
    subject = own(subject)
    with Scope(system("systems", calling.everyone), "consent_management", frozenset(same_person(subject))):
        tied = Relationship.objects.filter(
            Q(ended__isnull=True) | Q(ended__gt=clock.today()),
            subject_id__in=same_person(subject),
            controller_id=calling.controller.pk,
            kind__in=activity.applies_to,
        ).exists()
    if not tied:
        return None
    if not processed:
        return subject
    allowed = may_over_any(controller_id=calling.controller.pk, activity=calling.activity, subject_ids={subject})
    return subject if allowed[subject] else None


def ever(*, system: System, subject_ids: Collection[int]) -> frozenset[int]:
    """Those of them who have, or had, a relationship that the system's activity is for: also who has left, has objected
    or is restricted, for a system must learn of the no that keeps it from somebody.
    """
    declared = current(controller_id=system.controller.pk, on=clock.today()).activity(system.activity)
    if declared is None:
        return frozenset()
    known_by = same_people(subject_ids)
    with Scope(_archive(system), "rights_requests"):
        tied = Relationship.objects.filter(
            subject_id__in=known_by, controller_id=system.controller.pk, kind__in=declared.applies_to
        )
        theirs = {known_by[subject] for subject in tied.values_list("subject_id", flat=True)}
    return frozenset(subject for subject in subject_ids if known_by[subject] in theirs)


def _archive(calling: System) -> Actor:
    """Who has left stands in the archive, which a system's own activity does not see."""
    return system("systems", calling.everyone)
