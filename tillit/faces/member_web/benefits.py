"""Benefits on Min side (B3): those of the member's own union and agreements; search, codes, ways out, orders.

A way to another site leads over a page that says that its terms apply there. What is looked at is counted as a number
a month, and nothing else is kept of it (B11).
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.benefits import catalogue, codes, order_life, orders
from tillit.benefits.catalogue import Listed
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Kind, What
from tillit.benefits.orders import Wanted
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.chosen import chosen_for
from tillit.faces.member_web.vouchers import form_key
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.parties.queries import facts

FIELDS = ("name", "address", "postal_code", "postal_place", "phone", "quantity")


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The catalogue as it is for the member, narrowed by words and category."""
    _there(member)
    text, category = request.GET.get("q", "")[:100], request.GET.get("category", "")[:60]
    everything = _mine(member)
    found = _mine(member, text=text, category=category) if text or category else everything
    context = member.context(
        page="benefits",
        benefits=[shown(one) for one in found],
        any=bool(everything),
        categories=[(one.key, _name(one.names)) for one in catalogue.categories(everything)],
        text=text,
        category=category,
        chosen=None if text or category else chosen_for(request, member),
    )
    return render(request, "member_web/benefits.html", context)


@require_safe
@member_page
def one(request: HttpRequest, member: Member, benefit: str) -> HttpResponse:
    """A benefit: what it is, what it costs a member, how it is taken."""
    found = _one(member, benefit)
    if request.method == "GET":
        _count(member, found, What.SHOWN)
    with member.scope(catalogue.ACTIVITY):
        drawn = codes.drawn(subject_id=member.subject_id, benefit_id=found.benefit.pk)
        frame = order_life.frame_of(
            supplier_id=found.benefit.supplier_id, controller_id=member.site.controller.pk, on=clock.today()
        )
    context = member.context(
        page="benefits",
        benefit=shown(found),
        drawn=drawn,
        left=found.edition.kind == Kind.SINGLE_CODE and codes.left(benefit=found.benefit) > 0,
        orders=frame is not None and bool(frame.recipient) and said_on(member.site, "order_form") is not None,
    )
    return render(request, "member_web/benefit.html", context)


@require_safe
@member_page
def leave_for(request: HttpRequest, member: Member, benefit: str) -> HttpResponse:
    """The way to the supplier's own site, with the notice that its terms apply there (G4). Counted, by nobody."""
    found = _one(member, benefit)
    if not found.edition.url:
        raise Http404
    if request.method == "GET":
        _count(member, found, What.LEFT_FOR)
    return render(request, "member_web/benefit_out.html", member.context(page="benefits", benefit=shown(found)))


@require_POST
@member_page
def code(request: HttpRequest, member: Member, benefit: str) -> HttpResponse:
    """Draw a single-use code; the person who has one keeps it."""
    found = _one(member, benefit)
    try:
        with member.scope(catalogue.ACTIVITY) as scope:
            before = codes.drawn(subject_id=member.subject_id, benefit_id=found.benefit.pk)
            codes.draw(
                scope=scope,
                subject_id=member.subject_id,
                controller_id=member.site.controller.pk,
                benefit=found,
                at=clock.now(),
            )
    except OrderError:
        messages.error(request, say(language(), "benefits.no_codes"))
    else:
        if before is None:
            _count(member, found, What.CODE)
    return redirect("benefit", member.site.key, benefit)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def order(request: HttpRequest, member: Member, benefit: str) -> HttpResponse:
    """The order form; what is written there is used for the order and for nothing else (B4)."""
    found, said = _one(member, benefit), said_on(member.site, "order_form")
    if found.edition.kind != Kind.ORDER or said is None:
        raise Http404
    problem, key, typed = "", uuid4(), _known(member)
    if request.method == "POST":
        key, typed = form_key(request), {name: request.POST.get(name, "")[:200] for name in FIELDS}
        try:
            with member.scope(catalogue.ACTIVITY) as scope:
                placed = orders.place(
                    scope=scope,
                    subject_id=member.subject_id,
                    controller_id=member.site.controller.pk,
                    benefit=found,
                    wanted=_wanted(typed),
                    key=key,
                    at=clock.now(),
                )
        except OrderError as refused:
            problem = refused.code
        else:
            _count(member, found, What.ORDER)
            messages.success(request, say(language(), "orders.placed"))
            return redirect("order", member.site.key, placed.reference)
    context = member.context(
        page="benefits", benefit=shown(found), said=said, key=key, typed=typed, problem=problem, most=orders.LARGEST
    )
    return render(request, "member_web/order_form.html", context, status=422 if problem else 200)


def shown(found: Listed) -> dict[str, Any]:
    """A benefit as the pages show it."""
    edition, spoken = found.edition, language()

    def price(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, edition.currency)

    return {
        "key": found.benefit.key,
        "kind": edition.kind,
        "supplier": found.benefit.supplier.name,
        "category": _name(edition.category.names),
        **{part: found.text(spoken, part) for part in ("title", "summary", "body")},
        "member_price": price(edition.member_price),
        "ordinary_price": price(edition.ordinary_price),
        "code": edition.code,
        "url": edition.url,
        "last_day": found.ends - timedelta(days=1) if found.ends else None,
        "needs": edition.needs,
    }


def _wanted(typed: dict[str, str]) -> Wanted:
    number = typed["quantity"].strip()
    quantity = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
    return Wanted(**{name: typed[name] for name in FIELDS if name != "quantity"}, quantity=quantity)


def _known(member: Member) -> dict[str, str]:
    """What is on record, for the member to send or change: nothing of it is stored by being shown."""
    with member.scope():
        known = facts(subject_id=member.subject_id)
    name = " ".join(known[kind] for kind in ("name.given", "name.family") if kind in known)
    return {
        "name": name,
        "address": known.get("address.street", ""),
        "postal_code": known.get("address.postal_code", ""),
        "postal_place": known.get("address.city", ""),
        "phone": known.get("phone", ""),
        "quantity": "1",
    }


def _mine(member: Member, **narrowed: str) -> list[Listed]:
    at = clock.now()
    with member.scope(catalogue.ACTIVITY):
        whom = catalogue.entitled(
            subject_id=member.subject_id, controller_id=member.site.controller.pk, on=clock.local_date(at)
        )
    return catalogue.listed(for_whom=whom, at=at, **narrowed)


def _one(member: Member, benefit: str) -> Listed:
    """One of the member's own benefits; any other is not found."""
    _there(member)
    found = _mine(member, benefit=benefit)
    if not found:
        raise Http404
    return found[0]


def _count(member: Member, found: Listed, what: What) -> None:
    catalogue.count(controller_id=member.site.controller.pk, benefit_id=found.benefit.pk, what=what, at=clock.now())


def _there(member: Member) -> None:
    if not member.site.has_benefits:
        raise Http404


def _name(names: dict[str, str]) -> str:
    return names.get(language()) or next(iter(names.values()))
