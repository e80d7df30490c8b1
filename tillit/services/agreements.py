"""Agreements about products: made, ended, an ending undone, and what follows when the last one is over (D1, D10, D12).

Within an open scope that may write relationships. A day is a day where the controller is; [starts, ends) throughout.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from tillit.audit.operations import append
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope
from tillit.parties import journal
from tillit.parties import operations as parties
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.services import ages, events
from tillit.services.agreement_models import Agreement, AgreementEnd
from tillit.services.errors import ServiceError
from tillit.services.product_models import Partner, Payer, ProductPrice, ServiceProduct

ACTIVITY = "customer_administration"
CUSTOMER = "customer"


def orderable(*, controller_id: int, on: date) -> QuerySet[ServiceProduct]:
    """What can be ordered that day, by key."""
    found = ServiceProduct.objects.filter(controller_id=controller_id, starts__lte=on).exclude(ends__lte=on)
    return found.select_related("supplier").order_by("key")


def price(*, product: ServiceProduct, on: date) -> ProductPrice | None:
    """What it costs that day who pays it himself; None where it has no price."""
    return product.prices.filter(starts__lte=on).exclude(ends__lte=on).first()


def of_person(*, subject_id: int) -> QuerySet[Agreement]:
    """Every agreement the scope sees, newest first."""
    found = Agreement.objects.filter(subject_id__in=same_person(subject_id))
    return found.select_related("product", "partner", "product__supplier").order_by("-starts", "-made_at", "id")


def running(*, subject_id: int, on: date) -> QuerySet[Agreement]:
    """Those that give access that day."""
    return of_person(subject_id=subject_id).filter(starts__lte=on).exclude(ends__lte=on)


def has_access(*, subject_id: int, controller_id: int, service: str, on: date) -> bool:
    """Whether an agreement gives the person that service (one of `SERVICES`) that day."""
    mine = running(subject_id=subject_id, on=on).filter(controller_id=controller_id)
    return mine.filter(product__services__contains=[service]).exists()


def access_ends(*, subject_id: int, controller_id: int, service: str) -> date | None:
    """The first day without that service; None while no end is known, or it was never had."""
    mine = of_person(subject_id=subject_id).filter(controller_id=controller_id, product__services__contains=[service])
    days = list(mine.values_list("ends", flat=True))
    return None if None in days or not days else max(day for day in days if day)


def subscribe(
    *,
    scope: Scope,
    subject_id: int,
    product: ServiceProduct,
    payer: Payer,
    at: datetime,
    partner: Partner | None = None,
    starts: date | None = None,
) -> Agreement:
    """Agree on a product from today (or a later day); the one that runs under the same payer is returned. Where another
    pays from now on, the row that runs ends as `changed` and the next goes on. The person becomes a customer.

    Raises `ServiceError`: `not-offered`, `payer`, `no-price`, `too-young`, `birth-date-unknown`, `agreed-later`.
    """
    today = clock.local_date(at)
    begins = starts or today
    if begins < today or not orderable(controller_id=product.controller_id, on=begins).filter(pk=product.pk).exists():
        raise ServiceError("not-offered", "this cannot be ordered then")
    if payer not in product.payers or (payer == Payer.PARTNER) != (partner is not None):
        raise ServiceError("payer", "this product is not paid that way")
    cost = price(product=product, on=begins) if payer == Payer.CUSTOMER else None
    if payer == Payer.CUSTOMER and cost is None:
        raise ServiceError("no-price", "this product has no price that day")
    state = parties.lock_subject(scope=scope, subject_id=subject_id)
    ages.adult(subject_id=subject_id, controller_id=product.controller_id, at=at)
    mine = of_person(subject_id=subject_id).filter(product=product)
    for standing in mine.filter(Q(ends__isnull=True) | Q(ends__gt=begins)):
        if standing.payer == payer and standing.partner_id == (partner.pk if partner else None):
            if standing.ends is None:
                return standing
            raise ServiceError("agreed-later", "it has not ended yet; undo its ending instead")
        if standing.starts > begins:
            raise ServiceError("agreed-later", "it begins later already")
        _end(scope, [standing], begins, AgreementEnd.CHANGED, at)
    return _made(scope, subject_id, product, begins, at, state=state, payer=payer, partner=partner, cost=cost)


def begin(
    *, scope: Scope, subject_id: int, product: ServiceProduct, partner: Partner, starts: date, at: datetime
) -> Agreement | None:
    """What begins by itself with an entitlement: the person has it from that day, and orders nothing. None where it
    stands already.
    """
    state = parties.lock_subject(scope=scope, subject_id=subject_id)
    mine = of_person(subject_id=subject_id).filter(product=product)
    if mine.filter(Q(ends__isnull=True) | Q(ends__gt=starts)).exists():
        return None
    return _made(scope, subject_id, product, starts, at, state=state, payer=Payer.PARTNER, partner=partner, cost=None)


def _made(
    scope: Scope,
    subject_id: int,
    product: ServiceProduct,
    starts: date,
    at: datetime,
    *,
    state: int,
    payer: Payer,
    partner: Partner | None,
    cost: ProductPrice | None,
) -> Agreement:
    parties.relate(
        scope=scope, subject_id=subject_id, controller_id=product.controller_id, kind=CUSTOMER, started=starts
    )
    made = Agreement.objects.create(
        subject_id=subject_id,
        controller_id=product.controller_id,
        state=state,
        product=product,
        payer=payer,
        partner=partner,
        price=cost.minor if cost else 0,
        currency=cost.currency if cost else "NOK",
        starts=starts,
        made_at=at,
        collected_under=scope.activity,
    )
    append(
        type=events.AGREED,
        scope=scope,
        controller=made.controller_id,
        subject=subject_id,
        details={"agreement": made.id, "product": product.pk, "payer": str(payer), "starts": starts},
    )
    return made


def end(*, scope: Scope, agreement: Agreement, at: datetime, reason: str = AgreementEnd.OWN_WISH) -> Agreement:
    """End it: today is the last day, or later where the product has a notice. Again: nothing more.

    Whoever has none left is no customer from that day (`close_lapsed`).
    """
    parties.lock_subject(scope=scope, subject_id=agreement.subject_id)
    row = _one(agreement)
    if row.ends is not None:
        return row
    _end(scope, [row], end_day(agreement=row, on=clock.local_date(at), reason=reason), reason, at)
    return _one(agreement)


def end_day(*, agreement: Agreement, on: date, reason: str = AgreementEnd.OWN_WISH) -> date:
    """The first day without it, if it is ended that day."""
    day = on + timedelta(days=1)
    if reason == AgreementEnd.OWN_WISH:
        day = IsoPeriod.parse(agreement.product.notice).add_to(day)
    return max(day, agreement.starts)


def may_take_back(*, agreement: Agreement, on: date) -> bool:
    """Whether an order can be taken back as if it had not been made: on its own day."""
    return agreement.ends is None and agreement.made_at is not None and clock.local_date(agreement.made_at) == on


def take_back(*, scope: Scope, agreement: Agreement, at: datetime) -> Agreement:
    """The order was a mistake: it never gave access. Raises `ServiceError` `take-back-late`, `no-agreement`."""
    parties.lock_subject(scope=scope, subject_id=agreement.subject_id)
    row = _one(agreement)
    if not may_take_back(agreement=row, on=clock.local_date(at)):
        raise ServiceError("take-back-late", "an order is taken back on its own day; later it is ended")
    _end(scope, [row], row.starts, AgreementEnd.OTHER, at)
    return _one(agreement)


def end_on(*, scope: Scope, agreement: Agreement, day: date, reason: str, at: datetime) -> None:
    """End it with that day as the first without access, whoever decides it; never before it began."""
    _end(scope, [agreement], max(day, agreement.starts), reason, at)


def _end(scope: Scope, rows: Sequence[Agreement], day: date, reason: str, at: datetime) -> None:
    for row in rows:
        row.ends, row.end_reason, row.ended_at = day, reason, at
        row.save(update_fields=["ends", "end_reason", "ended_at"])
        append(
            type=events.AGREEMENT_ENDED,
            scope=scope,
            controller=row.controller_id,
            subject=row.subject_id,
            details={"agreement": row.id, "reason": str(reason), "ends": day},
        )
    journal.remember(scope=scope, rows=rows, at=at)


def undo_until(*, agreement: Agreement, on: date) -> date | None:
    """The first day on which its ending can no longer be undone; None where it cannot be (D10): the declared time for
    which a relationship is kept once it is over, counted from the ending's effect.
    """
    if agreement.ends is None or agreement.end_reason == AgreementEnd.CHANGED:
        return None
    rules = current(controller_id=agreement.controller_id, on=on).retention
    lengths = [
        rule.period
        for rule in rules
        if (rule.activity, rule.category, rule.clock) == (ACTIVITY, "relationship", "relationship_ended")
    ]
    return IsoPeriod.parse(lengths[0]).add_to(agreement.ends) if lengths else None


def may_return(*, subject_id: int, on: date) -> bool:
    """Whether an ending can still be undone that day, by the person or by staff (D10): they have not left for good."""
    days = (undo_until(agreement=one, on=on) for one in of_person(subject_id=subject_id).filter(ends__lte=on))
    return any(day is not None and on < day for day in days)


def undo(*, scope: Scope, agreement: Agreement, at: datetime, by_person: bool = False) -> Agreement:
    """The ending was a mistake: the agreement runs as if it had not ended, and the person is a customer again.

    Raises `ServiceError`: `not-ended`, `undo-late`, `agreed-anew` (the product was taken up again meanwhile), and
    `not-entitled` where a partner ended it, `ended-by-us`: the controller did (unpaid, breach).
    """
    parties.lock_subject(scope=scope, subject_id=agreement.subject_id)
    row, today = _one(agreement), clock.local_date(at)
    if row.ends is None:
        raise ServiceError("not-ended", "it has not ended")
    if row.end_reason == AgreementEnd.NOT_ENTITLED:
        raise ServiceError("not-entitled", "the partner no longer says that the person is entitled")
    if by_person and row.end_reason in (AgreementEnd.UNPAID, AgreementEnd.BREACH):
        raise ServiceError("ended-by-us", "the company ended it: ask them")
    until = undo_until(agreement=row, on=today)
    if until is None or today >= until:
        raise ServiceError("undo-late", "this ending can no longer be undone")
    if of_person(subject_id=row.subject_id).filter(product_id=row.product_id, starts__gte=row.ends).exists():
        raise ServiceError("agreed-anew", "the product was taken up again meanwhile")
    row.ends, row.end_reason, row.ended_at = None, "", None
    row.save(update_fields=["ends", "end_reason", "ended_at"])
    journal.remember(scope=scope, rows=[row], at=at)
    reopen(scope=scope, agreement=row, at=at)
    return row


def reopen(*, scope: Scope, agreement: Agreement, at: datetime) -> bool:
    """The customer relationship that ended with the agreement is open again; False when one was."""
    row = agreement
    ties = Relationship.objects.filter(
        subject_id__in=same_person(row.subject_id), controller_id=row.controller_id, kind=CUSTOMER
    )
    if ties.filter(ended__isnull=True).exists():
        return False
    last = ties.order_by("ended", "started").last()
    if last is None:
        parties.relate(
            scope=scope,
            subject_id=row.subject_id,
            controller_id=row.controller_id,
            kind=CUSTOMER,
            started=row.starts,
        )
        return True
    last.ended, last.end_reason = None, ""
    last.save(update_fields=["ended", "end_reason"])
    journal.remember(scope=scope, rows=[last], at=at)
    return True


def _one(agreement: Agreement) -> Agreement:
    found = of_person(subject_id=agreement.subject_id).filter(id=agreement.id).first()
    if found is None:
        raise ServiceError("no-agreement", "there is no such agreement")
    return found


def one(*, subject_id: int, agreement_id: int) -> Agreement:
    """An agreement of the person's. Raises `ServiceError` `no-agreement`."""
    found = of_person(subject_id=subject_id).filter(id=agreement_id).first()
    if found is None:
        raise ServiceError("no-agreement", "there is no such agreement")
    return found


def lapsed(*, controller_id: int, on: date) -> list[tuple[int, date]]:
    """(subject, day) of customers whose agreements are all over, and the day the last one was."""
    rows = Agreement.objects.filter(controller_id=controller_id).values_list("subject_id", "ends")
    last: dict[int, date | None] = {}
    for subject, ends in rows.order_by("subject_id"):
        known = last.get(subject, date.min)
        last[subject] = None if ends is None or known is None else max(known, ends)
    over = {subject: day for subject, day in last.items() if day is not None and day <= on}
    open_ones = Relationship.objects.filter(
        subject_id__in=over, controller_id=controller_id, kind=CUSTOMER, ended__isnull=True
    )
    return [(subject, over[subject]) for subject in open_ones.values_list("subject_id", flat=True)]
