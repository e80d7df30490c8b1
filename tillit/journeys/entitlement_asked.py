"""Is this person entitled? Answered to the partner that pays, with one bit; and who has used what it pays for (D1).

The partner is told yes of its own customers alone, and a yes is a disclosure on record. A usage report goes out only
while the partner's confirmation of its own ground stands, and holds only people with free access who have used it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tillit.audit.operations import append
from tillit.cases.kinds import kind_of
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import category_id
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import Disclosed, disclose, disclose_many
from tillit.kernel import clock
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.identifiers import IdentifierError, national_number
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import directories
from tillit.parties.actors import person_scope
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import own
from tillit.services import entitlements, events, outside, partners
from tillit.services.agreement_models import Agreement
from tillit.services.entitlement_models import Entitlement
from tillit.services.errors import ServiceError
from tillit.services.feed_rows import customer_digest
from tillit.services.feeds import ACTIVITY
from tillit.services.product_models import Partner, Payer, ServiceProduct

REPORT = "partner_usage_report"


def partner_asks(*, partner: Partner, product: str, number: str = "", identity_number: str = "") -> bool:
    """Whether the partner's customer of that number is entitled to the product through it now. A number that the
    declaration does not let this partner send is not looked at. A yes is on record as a disclosure; a no says nothing
    of whether anybody is known. Raises `ServiceError` `partner-undeclared`.
    """
    said = partners.declared(partner=partner, on=clock.today())
    subject = customer_of(partner=partner, sends=said.sends, number=number, identity_number=identity_number)
    if subject is None:
        return False
    with Scope(system("partner_asks", {partner.controller_id}), ACTIVITY, frozenset({subject})) as scope:
        standing = entitlements.standing(subject_id=subject, on=clock.today())
        found = next((e for e in standing if e.partner_id == partner.pk and e.product.key == product), None)
        if found is None:
            return False
        try:
            disclose(
                scope=scope,
                subject_id=subject,
                controller_id=partner.controller_id,
                recipient="entitling_partner",
                fields={"customer_number": found.number},
                party=partner.key,
                country=partner.country,
                at=clock.now(),
            )
        except DisclosureRefusedError:  # restricted: nothing may be told
            return False
        return True


@dataclass(frozen=True)
class Asked:
    """A partner's answer about one of its customers."""

    partner: Partner
    entitled: bool


def partner_asked(
    *, actor: Actor, controller: Controller, subject_id: int, partner: str, product: str, number: str = ""
) -> Asked:
    """Ask the partner whether its customer is entitled to the product: the customer number leaves, as told or as it is
    known here, and one bit comes back; both on record. Raises `ServiceError`: `partner-undeclared`, `no-product`,
    `customer-number` (none is known), `outside-…`; `DisclosureRefusedError`, `ScopeError`, `NotAssignedError`.
    """
    chosen = partners.standing(controller_id=controller.pk).filter(key=partner).first()
    if chosen is None:
        raise ServiceError("partner-undeclared", "there is no such partner")
    if not ServiceProduct.objects.filter(controller=controller, key=product, payers__contains=[Payer.PARTNER]).exists():
        raise ServiceError("no-product", "no partner pays for that product")
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        known = entitlements.of_person(subject_id=subject_id).filter(partner=chosen).exclude(number="")
        said = number.strip() or known.values_list("number", flat=True).first() or ""
        if not said or len(said) > 60 or has_card_number(said):
            raise ServiceError("customer-number", "say the person's customer number with the partner")
        sent = disclose(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            recipient="entitling_partner",
            fields={"customer_number": said},
            party=chosen.key,
            country=chosen.country,
            at=clock.now(),
        )
    answer = outside.ask(partner=chosen.key, product=product, sent=sent)
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        append(
            type=events.PARTNER_ASKED,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"partner": chosen.key, "answer": "yes" if answer else "no"},
        )
    return Asked(chosen, answer)


def asked_of(*, controller: Controller) -> list[Partner]:
    """The partners that can be asked by computer."""
    return [one for one in partners.standing(controller_id=controller.pk) if outside.asks(one.key)]


def customer_of(*, partner: Partner, sends: tuple[str, ...], number: str, identity_number: str) -> int | None:
    """Whom the partner means by the numbers it is declared to send; None for nobody."""
    register = partner.controller.register_id
    found: set[int | None] = set()
    if number and "customer_number" in sends:
        known = customer_digest(register_id=register, partner=partner.key, number=number)
        found.add(directories.resolve(register_id=register, kind=Kind.CUSTOMER_NUMBER, digest=known))
    if identity_number and "identity_number" in sends:
        try:
            plain = national_number.normalise(identity_number)
        except IdentifierError:
            return None
        known = digest(register, Kind.NATIONAL_NUMBER, plain)
        found.add(directories.resolve(register_id=register, kind=Kind.NATIONAL_NUMBER, digest=known))
    people = {own(one) if one is not None else None for one in found}
    return people.pop() if len(people) == 1 else None


@dataclass(frozen=True)
class Report:
    """A usage report: what may be handed over of whom, and how many were left out (objected, restricted)."""

    partner: Partner
    first: date
    until: date
    items: tuple[Disclosed, ...]
    left_out: int


def usage_report(*, partner: Partner, first: date, until: date) -> Report:
    """Whom of the partner's customers with free access have used it, from `first` to the day before `until`: their
    numbers with the partner and nothing else, each on record as a disclosure.

    Raises `ServiceError` `no-ground` where no confirmation of the partner's own ground stands: then nothing is read.
    """
    today = clock.today()
    partners.declared(partner=partner, on=today)
    if partners.ground(partner=partner, on=today) is None:
        raise ServiceError(
            "no-ground",
            "no usage report: the partner has not confirmed its own legal ground for receiving it, or has withdrawn it",
        )
    with Scope(system("usage_report", {partner.controller_id}), REPORT) as scope:
        wanted = _used_free(partner, first, until)
        numbers = Entitlement.objects.filter(partner=partner, subject_id__in=wanted).exclude(number="")
        known = dict(numbers.order_by("starts").values_list("subject_id", "number"))
        made = (
            disclose_many(
                scope=scope,
                register_id=partner.controller.register_id,
                controller_id=partner.controller_id,
                recipient="reported_partner",
                people={subject: {"customer_number": number} for subject, number in known.items()},
                party=partner.key,
                country=partner.country,
                at=clock.now(),
            )
            if known
            else None
        )  # nobody: nothing is handed over
        append(
            type=events.USAGE_REPORTED,
            scope=scope,
            controller=partner.controller_id,
            details={"partner": partner.key, "people": len(made.items) if made else 0, "first": first, "until": until},
        )
    return Report(partner, first, until, made.items if made else (), len(made.refused) if made else 0)


def _used_free(partner: Partner, first: date, until: date) -> set[int]:
    """Whoever used, from `first` to the day before `until`, a service of a product that the partner paid for just that
    day. What the person paid for, or used before or after, is nothing of the partner's.
    """
    since, before = (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(DEFAULT_ZONE)) for day in (first, until))
    free = Agreement.objects.filter(controller_id=partner.controller_id, partner=partner, starts__lt=until)
    stretches: dict[int, list[Agreement]] = {}
    for one in free.exclude(ends__lte=first).select_related("product"):
        stretches.setdefault(one.subject_id, []).append(one)
    used = Case.objects.filter(
        controller_id=partner.controller_id,
        category=category_id("service_use"),
        received_at__gte=since,
        received_at__lt=before,
        subject_id__in=list(stretches),
    )
    return {
        subject
        for subject, kind, at in used.values_list("subject_id", "kind", "received_at")
        if any(_paid(one, kind, clock.local_date(at)) for one in stretches[subject])
    }


def _paid(free: Agreement, kind: str, day: date) -> bool:
    service = kind_of(kind).activity
    return free.starts <= day and (free.ends is None or day < free.ends) and service in free.product.services
