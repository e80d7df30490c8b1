"""Writing to customer service, becoming a customer, ordering a service: a form, a code, done (A5, D1)."""

from typing import Any
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.declaration.forms import form_on
from tillit.declaration.site_parts import Form
from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import beginning
from tillit.journeys.beginning import CONTACT, CUSTOMER, ORDER, Begun
from tillit.journeys.join import JoinRefusedError
from tillit.parties.models import Login

_SALT, _LIVES = "tillit.begin", 600
_TYPES = {"email": "email", "mobile": "tel", "birth_date": "date"}
_FILLS = {"name": "name", "email": "email", "mobile": "tel", "street": "street-address", "postal_code": "postal-code"}
_FILLS |= {"city": "address-level2", "birth_date": "bday"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, controller: str) -> HttpResponse:
    """Ask customer service without signing in."""
    return _page(request, controller, CONTACT)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def become_customer(request: HttpRequest, controller: str) -> HttpResponse:
    """Become a customer."""
    return _page(request, controller, CUSTOMER)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def order_service(request: HttpRequest, controller: str) -> HttpResponse:
    """Order a service, and become a customer by it (D1)."""
    if not beginning.products(controller=site_or_404(controller).controller):
        raise Http404
    return _page(request, controller, ORDER)


def _page(request: HttpRequest, key: str, page: str) -> HttpResponse:
    site = site_or_404(key)
    form = form_on(site.declaration, page)
    if form is None:
        raise Http404
    if request.method != "POST":
        return _form(request, site, form, page)
    if request.POST.get("pending"):
        return _confirm(request, site, form, page)
    asked = beginning.fields(form, page)
    typed = {field: request.POST.get(field, "").strip()[: beginning.LONGEST.get(field, 254)] for field in asked}
    if wrong := beginning.faults(controller=site.controller, form=form, page=page, typed=typed):
        return _form(request, site, form, page, typed=typed, wrong=wrong)
    spoken, called = language(), site.declaration.controller.name
    sent = beginning.ask(
        controller=site.controller,
        address=typed["email"],
        network_address=signing_in.network_address(request),
        words=beginning.Words(
            say(spoken, "begin.mail_subject", name=called), say(spoken, "begin.mail_text", name=called), called
        ),
    )
    pending = signing.dumps([typed, str(sent)], salt=f"{_SALT}:{site.key}:{page}", compress=True)
    return _code(request, site, page, pending, typed["email"])


def _confirm(request: HttpRequest, site: Site, form: Form, page: str) -> HttpResponse:
    pending = request.POST["pending"]
    try:
        typed, sent = signing.loads(pending, salt=f"{_SALT}:{site.key}:{page}", max_age=_LIVES)
    except signing.BadSignature:
        return _form(request, site, form, page, problem="late")
    try:
        done = beginning.confirm(
            controller=site.controller,
            form=form,
            page=page,
            typed=typed,
            code_id=UUID(sent),
            code=request.POST.get("code", ""),
            network_address=signing_in.network_address(request),
            language=language(),
        )
    except JoinRefusedError as error:
        return _form(request, site, form, page, typed=typed, problem=error.code)
    if done is None:
        problem = "spent" if beginning.spent(UUID(sent)) else "code"
        return _code(request, site, page, pending, typed["email"], problem=problem)
    return _done(request, site, page, done)


def _done(request: HttpRequest, site: Site, page: str, done: Begun) -> HttpResponse:
    login = Login.objects.filter(subject_id=done.subject_id, is_active=True).first()
    if page in {CUSTOMER, ORDER} and done.new and login is not None:
        signing_in.begin_session(request, login, "email_code")
    context = {"site": site, "page": page, "done": done, "account": login is not None}
    return render(request, "public_web/begun.html", context)


def _form(
    request: HttpRequest,
    site: Site,
    form: Form,
    page: str,
    *,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    problem: str = "",
) -> HttpResponse:
    typed, wrong = typed or {}, wrong or {}
    lines: list[dict[str, Any]] = [
        {
            "name": field,
            "type": _TYPES.get(field, "text"),
            "fills": _FILLS.get(field, "off"),
            "longest": beginning.LONGEST.get(field, 254),
            "value": typed.get(field, "") if field != "national_number" else "",
            "wrong": wrong.get(field, ""),
            "options": beginning.products(controller=site.controller) if field == "product" else [],
        }
        for field in beginning.fields(form, page)
    ]
    context = {
        "site": site,
        "page": page,
        "said": said_on(site, page),
        "lines": lines,
        "problem": problem,
        "wrong": wrong,
    }
    return render(request, "public_web/begin.html", context, status=422 if wrong or problem else 200)


def _code(
    request: HttpRequest, site: Site, page: str, pending: str, address: str, *, problem: str = ""
) -> HttpResponse:
    context = {"site": site, "page": page, "pending": pending, "email": address, "problem": problem}
    return render(request, "public_web/begin_code.html", context, status=422 if problem else 200)
