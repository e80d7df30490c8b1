"""The payments desk (D8): invoices that are open, the bank's files, a person's account, cards given by phone."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.cases.errors import CaseError
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.enquiries import as_attachment
from tillit.faces.member_web.requests import number_of
from tillit.faces.money import typed
from tillit.faces.staff_web.access import Worker, found_by, staff_page, token_for
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.files.errors import FileRefusedError
from tillit.journeys import books, payment_desk, payments, payments_in
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.services import acquirer
from tillit.services.errors import PaymentError
from tillit.services.payment_models import OneOffKind

CARD, EXPIRY, ACCOUNT = "card", "expiry", "account"
PURPOSE = "service_payments"


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def desk(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Open invoices, loose movements, payments that are stuck; a POST finds, takes a file in, or sees to a movement."""
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    problem = ""
    try:
        payments_in.may(**here)
        if request.method == "POST":
            try:
                if request.POST.get("act") == "find":
                    found = payment_desk.find(**here, text=request.POST.get("text", "")[:40])
                    token = token_for(request, worker, PURPOSE, found.subject_id)
                    return redirect("staff_payments_person", worker.site.key, token)
                messages.success(request, _desk_act(request, here))
                return redirect("staff_payments", worker.site.key)
            except (PaymentError, FileRefusedError, CaseError) as error:
                problem = error.code
        late = request.GET.get("show") == "late"
        context = worker.context(
            page="payments",
            show="late" if late else "open",
            shows=("open", "late"),
            rows=[
                (one, Money(one.left, one.currency), token_for(request, worker, PURPOSE, one.subject_id))
                for one in payment_desk.open_invoices(**here, late=late)
            ],
            loose=[(one, Money(one.amount, one.currency)) for one in payments_in.loose(**here)],
            stuck=[
                (one, Money(one.amount, one.currency), token_for(request, worker, PURPOSE, one.subject_id))
                for one in payment_desk.stuck(**here)
            ],
            problem=problem,
            today=clock.today(),
        )
    except ScopeError:
        raise Http404 from None
    return render(request, "staff_web/payments.html", context, status=422 if problem else 200)


@sensitive_post_parameters(CARD, EXPIRY, ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """One person's account; a POST orders, charges, bills, credits, hands out, gives back."""
    _, subject_id = found_by(request, worker, token)
    whose: dict[str, Any] = {
        "actor": worker.actor,
        "controller": worker.site.controller,
        "subject_id": subject_id,
    }
    problem = ""
    try:
        if request.method == "POST":
            try:
                messages.success(request, _act(request, whose))
                return redirect("staff_payments_person", worker.site.key, token)
            except (PaymentError, DisclosureRefusedError) as error:
                problem = error.code if isinstance(error, PaymentError) else "refused"
        account = payment_desk.look(**whose)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(
        page="payments",
        account=account,
        token=token,
        credit=[Money(one, "NOK") for one in account.credit.values()],
        kinds=OneOffKind.values,
        by_card=acquirer.named(),
        problem=problem,
        said=said_on(worker.site, "staff_payments_person"),
    )
    return render(request, "staff_web/payments_person.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def invoice(request: HttpRequest, worker: Worker, token: str, number: str) -> HttpResponse:
    """An invoice of a person, as PDF."""
    _, subject_id = found_by(request, worker, token)
    try:
        found, body = payment_desk.staff_invoice(
            actor=worker.actor,
            controller=worker.site.controller,
            subject_id=subject_id,
            invoice_id=number_of(number),
        )
    except (PaymentError, ScopeError, NotAssignedError):
        raise Http404 from None
    return as_attachment(f"invoice-{found.number}.pdf", "application/pdf", body)


@require_http_methods(["GET", "HEAD"])
@staff_page
def books_page(request: HttpRequest, worker: Worker) -> HttpResponse:
    """For whoever keeps or audits the books: a period, and its file."""
    if books.ACTIVITY not in (worker.actor.activities or ()):
        raise Http404
    last = clock.today().replace(day=1)
    context = worker.context(page="books", start=(last - timedelta(days=1)).replace(day=1), end=last)
    return render(request, "staff_web/books.html", context)


@require_POST
@staff_page
def books_file(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The books of a period, as CSV; that it was taken out is on record."""
    try:
        start, end = (date.fromisoformat(request.POST.get(name, "")) for name in ("start", "end"))
        body = books.export(actor=worker.actor, controller=worker.site.controller, start=start, end=end)
    except (ValueError, PaymentError):
        messages.warning(request, say(language(), "payments_desk.problem.period"))
        return redirect("staff_books", worker.site.key)
    except ScopeError:
        raise Http404 from None
    return as_attachment(f"books-{start}-{end}.csv", "text/csv; charset=utf-8", body)


def _desk_act(request: HttpRequest, here: dict[str, Any]) -> str:
    said, spoken = request.POST, language()
    if said.get("act") == "file":
        taken = [payments_in.take_in(**here, body=body) for body in uploaded(request, "file")]
        new, paid = sum(one.new for one in taken), sum(one.paid for one in taken)
        return say(spoken, "payments_desk.taken", new=new, paid=paid)
    if said.get("act") == "difference":
        payment_desk.see_to(**here, payment_id=number_of(said.get("payment", "")))
        return say(spoken, "payments_desk.done")
    line = number_of(said.get("line", ""))
    if said.get("act") == "put":
        payments_in.put_with(**here, line_id=line, invoice=said.get("text", "")[:40])
    else:
        payments_in.see_to(**here, line_id=line, text=said.get("text", "")[:200])
    return say(spoken, "payments_desk.done")


def _act(request: HttpRequest, whose: dict[str, Any]) -> str:
    said, act = request.POST, request.POST.get("act", "")
    amount = typed(said.get("amount", ""))
    if act == "order":
        day = said.get("event_on", "")
        payment_desk.place(
            **whose,
            kind=said.get("kind", ""),
            title=said.get("title", "")[:300],
            amount=amount or 0,
            event_on=_day(day) if day else None,
            quantity=_whole(said.get("quantity", "1")),
            cash=typed(said.get("cash", "")) or 0,
        )
    elif act == "charge":
        thing = payments.Thing(invoice_id=_chosen(said.get("invoice", "")), order_id=_chosen(said.get("order", "")))
        made = payments.by_phone(**whose, thing=thing, number=said.get(CARD, "")[:40], expiry=said.get(EXPIRY, "")[:7])
        return say(language(), f"payments_desk.charged.{made.payment_state}")
    elif act in {"credit", "write_off"}:
        payment_desk.change_invoice(**whose, invoice_id=number_of(said.get("invoice", "")), act=act, amount=amount or 0)
    elif act == "give_back":
        payments.give_back(
            **whose,
            payment_id=number_of(said.get("payment", "")),
            amount=amount or 0,
            to_account=said.get(ACCOUNT, "")[:40],
        )
    else:
        order_id = number_of(said.get("order", ""))
        payment_desk.change_order(**whose, order_id=order_id, act=act, to_account=said.get(ACCOUNT, "")[:40])
    return say(language(), "payments_desk.done")


def _chosen(text: str) -> int | None:
    return number_of(text) if text else None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PaymentError("day", "that is no day") from None
