"""Partners that pay for their customers: kept by commands, bound by the declaration (D1)."""

from datetime import date

from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import PayingPartner
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.identifiers import name as names
from tillit.kernel.scope import system
from tillit.services import events
from tillit.services.errors import ServiceError
from tillit.services.product_models import Partner, PartnerGround

GROUNDS = ("contract", "legitimate_interest", "legal_obligation", "consent")
"""What a partner may say its own ground is (GDPR 6)."""


def declared(*, partner: Partner, on: date) -> PayingPartner:
    """What the declaration in effect says of the partner. Raises `ServiceError` `partner-undeclared`."""
    parts = current(controller_id=partner.controller_id, on=on).partners
    found = next((one for one in parts if one.key == partner.key), None)
    if found is None or (partner.ends is not None and partner.ends <= on):
        raise ServiceError("partner-undeclared", "the declaration names no such partner, or it pays no more")
    return found


def standing(*, controller_id: int) -> QuerySet[Partner]:
    """Partners that pay, by name."""
    return (
        Partner.objects.filter(controller_id=controller_id).exclude(ends__lte=clock.today()).order_by(Ordered("name"))
    )


def keep(*, controller: Controller, key: str, country: str = "NO", most_ends: int | None = None) -> Partner:
    """Keep a declared partner: its name is the declaration's. `most_ends`: share in a thousand a list may end unasked.

    Raises `ServiceError` `partner-undeclared`.
    """
    said = next((p for p in current(controller_id=controller.pk, on=clock.today()).partners if p.key == key), None)
    if said is None:
        raise ServiceError("partner-undeclared", "the declaration names no such partner")
    known: dict[str, object] = {"name": names.normalise(said.name), "country": country.upper(), "ends": None}
    if most_ends is not None:
        known["most_ends"] = most_ends
    return Partner.objects.update_or_create(controller=controller, key=key, defaults=known)[0]


def ground(*, partner: Partner, on: date) -> PartnerGround | None:
    """The partner's confirmation that stands that day, or None: then nothing of use is reported to it."""
    return partner.grounds.filter(starts__lte=on).exclude(ends__lte=on).first()


def confirm_ground(
    *, partner: Partner, ground: str, confirmed_by: str, document: str, starts: date, ends: date | None = None
) -> PartnerGround:
    """Record that the partner has confirmed its own ground for receiving who has used what it pays for (D1).

    Raises `ServiceError`: `ground`, `confirmed-by`, `ground-stands` (one does in those days).
    """
    if ground not in GROUNDS:
        raise ServiceError("ground", "say which ground of GDPR article 6 the partner has")
    if not confirmed_by.strip() or not document.strip():
        raise ServiceError("confirmed-by", "say who confirmed it, and where the confirmation is filed")
    others = partner.grounds.filter(ends__isnull=True) | partner.grounds.filter(ends__gt=starts)
    if others.filter(starts__lt=ends or date.max).exists():
        raise ServiceError("ground-stands", "a confirmation stands in those days: withdraw it first")
    made = PartnerGround.objects.create(
        partner=partner,
        ground=ground,
        confirmed_by=names.normalise(confirmed_by)[:120],
        document=document.strip()[:200],
        starts=starts,
        ends=ends,
        recorded_at=clock.now(),
    )
    _note(events.GROUND_CONFIRMED, partner, made)
    return made


def withdraw_ground(*, partner: Partner) -> bool:
    """From today the confirmation stands no more; whether one did."""
    made = ground(partner=partner, on=clock.today())
    if made is None:
        return False
    made.ends = max(clock.today(), made.starts)
    made.save(update_fields=["ends"])
    _note(events.GROUND_WITHDRAWN, partner, made)
    return True


def _note(kind, partner: Partner, made: PartnerGround) -> None:  # type: ignore[no-untyped-def]  # an event type
    append(
        type=kind,
        actor=system("partners", {partner.controller_id}),
        activity="security_log",
        controller=partner.controller_id,
        details={"partner": partner.key, "ground": made.ground, "starts": made.starts},
    )
