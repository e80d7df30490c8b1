"""Min side: what one owes and has paid, invoices as PDF, and paying by card at the provider's (D8)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.disclosure.errors import DisclosureRefusedError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.enquiries import as_attachment
from tillit.faces.member_web.requests import number_of
from tillit.journeys import payment_desk, payments
from tillit.kernel.money import Money
from tillit.services import acquirer
from tillit.services.errors import PaymentError

PAGE = "payments"


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Invoices, orders and payments; a POST opens the provider's page for one, and says where it is."""
    if not member.site.has_payments:
        raise Http404
    url = problem = ""
    if request.method == "POST":
        thing = payments.Thing(
            invoice_id=_chosen(request, "invoice"),
            order_id=_chosen(request, "order"),
        )
        try:
            url = payments.on_web(controller=member.site.controller, subject_id=_whose(member, thing), thing=thing)
        except (PaymentError, DisclosureRefusedError) as error:
            problem = error.code if isinstance(error, PaymentError) else "refused"
    found = payment_desk.mine(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    context = member.context(
        page=PAGE,
        account=found,
        credit=[Money(one, "NOK") for one in found.credit.values()],
        url=url,
        problem=problem,
        by_card=acquirer.named(),
        said=said_on(member.site, PAGE),
    )
    return render(request, "member_web/payments.html", context, status=422 if problem else 200)


@require_safe
@member_page
def invoice(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """One of one's invoices, as PDF."""
    try:
        found, body = payment_desk.own_invoice(
            actor=member.actor,
            controller=member.site.controller,
            subject_id=member.subject_id,
            invoice_id=number_of(number),
        )
    except PaymentError:
        raise Http404 from None
    return as_attachment(f"invoice-{found.number}.pdf", "application/pdf", body)


def _whose(member: Member, thing: payments.Thing) -> int:
    """Under which of the person's subjects it stands. Raises `PaymentError` for what is not theirs."""
    found = payment_desk.mine(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    rows = [(one.id, one.subject_id) for one in (found.orders if thing.order_id is not None else found.invoices)]
    wanted = thing.order_id if thing.order_id is not None else thing.invoice_id
    whose = next((subject for one, subject in rows if one == wanted), None)
    if whose is None:
        raise PaymentError("no-invoice", "there is no such invoice")
    return whose


def _chosen(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return number_of(text) if text else None
