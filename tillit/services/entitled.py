"""Entitlements made, changed and ended, and what goes with them (D1). Within an open scope of `entitlement_check`."""

from datetime import date, datetime

from tillit.audit.operations import append
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties import directories, journal
from tillit.parties import operations as parties
from tillit.parties.digests import Kind
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.services import agreements, events
from tillit.services.agreement_models import Agreement, AgreementEnd
from tillit.services.entitlement_models import Entitlement, EntitlementEnd
from tillit.services.feed_rows import Row
from tillit.services.product_models import Partner, ServiceProduct

SOURCE = "partner"
PROSPECT = "prospect"


def make(
    *, scope: Scope, partner: Partner, product: ServiceProduct, row: Row, subject_id: int | None, at: datetime
) -> Entitlement:
    """A new entitlement; of somebody new, with what the partner says of them, and their numbers in the directories."""
    today, controller = clock.local_date(at), partner.controller_id
    register = partner.controller.register_id
    if subject_id is None:
        subject_id = parties.create_subject(scope=scope, register_id=register)
    state = parties.lock_subject(scope=scope, subject_id=subject_id)
    tied = Relationship.objects.filter(subject_id=subject_id, controller_id=controller, ended__isnull=True)
    if not tied.exists():
        parties.relate(scope=scope, subject_id=subject_id, controller_id=controller, kind=PROSPECT, started=today)
    _say(scope, controller, subject_id, row, at)
    for kind, known in ((Kind.NATIONAL_NUMBER, row.national), (Kind.CUSTOMER_NUMBER, row.customer)):
        if known is not None:
            directories.claim(register_id=register, kind=kind, digest=known, subject_id=subject_id)
    last = _last(subject_id, partner, product)
    starts = max(one for one in (row.starts or today, last) if one is not None)
    made = Entitlement.objects.create(
        subject_id=subject_id,
        controller_id=controller,
        state=state,
        partner=partner,
        product=product,
        number=row.number,
        starts=starts,
        ends=row.ends,
        listed=row.listed,
        collected_under=scope.activity,
    )
    append(
        type=events.ENTITLED,
        scope=scope,
        controller=controller,
        subject=subject_id,
        details={"entitlement": made.id, "partner": partner.key, "product": product.pk},
    )
    if product.by_itself:
        agreements.begin(scope=scope, product=product, partner=partner, subject_id=subject_id, starts=starts, at=at)
    return made


def change(*, scope: Scope, entitlement: Entitlement, row: Row, at: datetime) -> None:
    """The partner says another end, another number or another name of somebody who is entitled already."""
    register = entitlement.partner.controller.register_id
    _say(scope, entitlement.controller_id, entitlement.subject_id, row, at)
    for kind, known in ((Kind.NATIONAL_NUMBER, row.national), (Kind.CUSTOMER_NUMBER, row.customer)):
        if known is not None:
            directories.claim(register_id=register, kind=kind, digest=known, subject_id=entitlement.subject_id)
    entitlement.ends, entitlement.listed = row.ends, row.listed
    entitlement.number = row.number or entitlement.number
    entitlement.save(update_fields=["ends", "listed", "number"])
    journal.remember(scope=scope, rows=[entitlement], at=at)


def end(*, scope: Scope, entitlement: Entitlement, at: datetime, row: Row | None = None, reason: str = "") -> None:
    """It ends: on the day its row says, or today where the partner's list no longer holds it. Access ends with it."""
    today = clock.local_date(at)
    day = row.ends if row is not None and row.ends is not None else today
    if not reason:
        reason = EntitlementEnd.NOT_LISTED if row is None else EntitlementEnd.WITHDRAWN
    if reason == EntitlementEnd.EXPIRED and entitlement.ends is not None:
        day = entitlement.ends
    entitlement.ends = max(day, entitlement.starts)
    entitlement.end_reason, entitlement.listed = reason, None
    entitlement.save(update_fields=["ends", "end_reason", "listed"])
    journal.remember(scope=scope, rows=[entitlement], at=at)
    append(
        type=events.ENTITLEMENT_ENDED,
        scope=scope,
        controller=entitlement.controller_id,
        subject=entitlement.subject_id,
        details={"entitlement": entitlement.id, "reason": str(reason), "ends": entitlement.ends},
    )
    _follow(scope, entitlement, entitlement.ends, at)


def _follow(scope: Scope, ended: Entitlement, day: date, at: datetime) -> None:
    """What the partner paid for ends that day (never before today's access was given); who has nothing else is no
    prospect any more.
    """
    paid = Agreement.objects.filter(
        subject_id=ended.subject_id, product_id=ended.product_id, partner_id=ended.partner_id, ends__isnull=True
    )
    for one in paid.select_related("product"):
        agreements.end_on(scope=scope, agreement=one, day=day, reason=AgreementEnd.NOT_ENTITLED, at=at)
    mine = {"subject_id": ended.subject_id, "controller_id": ended.controller_id}
    if not Entitlement.objects.filter(**mine, end_reason="").exists():
        open_one = Relationship.objects.filter(**mine, kind=PROSPECT, ended__isnull=True).first()
        if open_one is not None:
            parties.end_relationship(
                scope=scope, **mine, kind=PROSPECT, ended=max(day, open_one.started), reason="not_entitled"
            )


def _last(subject_id: int, partner: Partner, product: ServiceProduct) -> date | None:
    """The first day after the latest stretch with the same partner and product, that no two overlap."""
    rows = Entitlement.objects.filter(subject_id=subject_id, partner=partner, product=product).exclude(ends=None)
    return rows.order_by("-ends").values_list("ends", flat=True).first()


def _say(scope: Scope, controller: int, subject_id: int, row: Row, at: datetime) -> None:
    """What the partner says of the person, where nobody else has said it: names, contact, and the sealed number."""
    standing = dict(
        Fact.objects.filter(subject_id=subject_id, controller_id=controller, superseded_at__isnull=True).values_list(
            "kind", "source"
        )
    )
    wanted = [("identity", "name.given", row.given), ("identity", "name.family", row.family)]
    wanted += [("contact", kind, value) for kind, value in row.contact.items()]
    parties.record_facts(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller,
        facts=[parties.NewFact(*one) for one in wanted if standing.get(one[1], SOURCE) == SOURCE],
        source=SOURCE,
        at=at,
    )
    sealed = SealedFact.objects.filter(subject_id=subject_id, kind="national_number", superseded_at__isnull=True)
    if row.plain_national and not sealed.exists():
        parties.seal_fact(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller,
            category="national_number",
            kind="national_number",
            value=row.plain_national,
            source=SOURCE,
            at=at,
        )
