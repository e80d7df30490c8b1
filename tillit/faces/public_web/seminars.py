"""Seminars for the public: what is coming, signing up, one's own sign-up by its link, calendar file (F10)."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tillit.declaration.statement.pdf import TypesettingError
from tillit.faces.form_notices import said_on
from tillit.faces.paging import page_of
from tillit.faces.public_web.sharing import shares
from tillit.faces.signing_in import network_address
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.outreach.seminars import confirming, links, operations, queries
from tillit.outreach.seminars.certificate import certificate
from tillit.outreach.seminars.errors import SeminarError
from tillit.outreach.seminars.models import Seminar, Signup, Stage, Standing
from tillit.outreach.seminars.operations import Participant
from tillit.parties import rates
from tillit.parties.rates import Limit

ON_A_PAGE = 25
_OFTEN = Limit("seminar_signup", 20, timedelta(hours=1))


@require_safe
def listed(request: HttpRequest, controller: str) -> HttpResponse:
    """What is coming."""
    site = _site(controller)
    rows = page_of(request, queries.coming(controller=site.controller), ON_A_PAGE)
    return render(request, "public_web/seminars.html", {"site": site, "rows": rows})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, controller: str, number: int) -> HttpResponse:
    """A seminar, with a form to sign up. Who is signed in does so as themselves; to who is not a link is sent, and the
    words are the same whoever the address belongs to.
    """
    site = _site(controller)
    seminar = _published(site, number)
    problem = ""
    if request.method == "POST":
        try:
            told = _sign_up(request, site, seminar)
        except SeminarError as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), told))
            return redirect("seminar", site.key, number)
    typed = {name: request.POST.get(name, "")[:200] for name in ("name", "email", "phone", "digital")}
    context = {
        "site": site,
        "seminar": seminar,
        "when": links.when(seminar, language()),
        "open": clock.now() <= seminar.signup_until and seminar.stage == Stage.OPEN,
        "full": queries.full(seminar),
        "said": said_on(site, "seminar"),
        "typed": typed,
        "problem": problem,
        "shares": shares(request, title=_title(seminar)),
    }
    return render(request, "public_web/seminar.html", context, status=422 if problem else 200)


@require_safe
def calendar(request: HttpRequest, controller: str, number: int) -> HttpResponse:
    """The seminar as iCalendar, without what only participants are told."""
    seminar = _published(_site(controller), number)
    return _ics(seminar, links.calendar(seminar, language(), private=False))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, controller: str, token: str) -> HttpResponse:
    """One's own sign-up: how it stands, and leaving it."""
    site, seminar, row = _own(controller, token)
    if request.method == "POST":
        try:
            operations.leave(seminar=seminar, subject_id=row.subject_id)
            messages.success(request, say(language(), "seminars.left"))
        except SeminarError:
            messages.warning(request, say(language(), "seminars.problem.stage"))
        return redirect("seminar_mine", site.key, token)
    context = {
        "site": site,
        "seminar": seminar,
        "row": row,
        "token": token,
        "when": links.when(seminar, language()),
        "over": seminar.ends_at <= clock.now(),
        "has_place": row.standing == Standing.PLACE and seminar.stage == Stage.OPEN,
    }
    return render(request, "public_web/seminar_mine.html", context)


@never_cache
@require_safe
def file(request: HttpRequest, controller: str, token: str, which: str) -> HttpResponse:
    """The calendar file of who has a place, or the certificate of who was there."""
    _, seminar, row = _own(controller, token)
    if which == "calendar.ics":
        return _ics(seminar, links.calendar(seminar, language(), private=row.standing == Standing.PLACE))
    with queries.scope_of(seminar.controller, row.subject_id):
        name = queries.name_of_person(row.subject_id)
    try:
        made = certificate(seminar=seminar, row=row, name=name, language=language())
    except SeminarError:
        raise Http404 from None
    except TypesettingError:
        return HttpResponse(status=503)
    heads = {"Content-Disposition": f'attachment; filename="seminar-{seminar.pk}.pdf"'}
    return HttpResponse(made, content_type="application/pdf", headers=heads)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, controller: str, token: str) -> HttpResponse:
    """What the link confirms, and a button; a POST signs up, and leads to one's own page. 404 for a link that is none
    of ours or too old.
    """
    site = _site(controller)
    asked = confirming.read(controller_id=site.controller.pk, token=token)
    if asked is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            row = operations.sign_up_stranger(
                seminar=asked.seminar, who=asked.who, digital=asked.digital, language=asked.language
            )
            return redirect("seminar_mine", site.key, links.token(asked.seminar, row.subject_id))
        except SeminarError as refused:
            problem = refused.code
    context = {"site": site, "seminar": asked.seminar, "who": asked.who, "problem": problem}
    context["when"] = links.when(asked.seminar, language())
    return render(request, "public_web/seminar_confirm.html", context, status=422 if problem else 200)


def _sign_up(request: HttpRequest, site: Site, seminar: Seminar) -> str:
    """The words that tell of it."""
    from tillit.faces.member_web.access import member_of  # noqa: PLC0415 (Min side imports the public pages)

    said = request.POST
    if not rates.within(_OFTEN, rates.truncated(network_address(request))):
        raise SeminarError("often", "too many sign-ups from here for now")
    who = Participant(said.get("name", "")[:120], said.get("email", "")[:254], said.get("phone", "")[:30])
    digital = said.get("digital") == "1" and bool(seminar.link)
    member = member_of(request, site)
    if member is not None:
        operations.sign_up(seminar=seminar, subject_id=member.subject_id, digital=digital, language=language())
        return "seminars.signed"
    place = request.build_absolute_uri(reverse("seminar_confirm", args=[site.key, "TOKEN"]))
    link = place.replace("TOKEN", "{token}")
    confirming.ask(seminar=seminar, who=who, digital=digital, language=language(), link=link)
    return "seminars.asked"


def _own(controller: str, token: str) -> tuple[Site, Seminar, Signup]:
    site = _site(controller)
    found = links.read(token)
    seminar = Seminar.objects.select_related("controller").filter(pk=found[1] if found else 0).first()
    if found is None or seminar is None or seminar.controller_id != site.controller.pk:
        raise Http404
    with queries.scope_of(seminar.controller, found[0]):
        try:
            return site, seminar, operations.mine(seminar=seminar, subject_id=found[0])
        except SeminarError:
            raise Http404 from None


def _published(site: Site, number: int) -> Seminar:
    found = Seminar.objects.select_related("controller").filter(pk=number, controller=site.controller).first()
    if found is None or found.stage == Stage.DRAFT:
        raise Http404
    return found


def _site(controller: str) -> Site:
    site = site_or_404(controller)
    if site.declaration.activity(operations.ACTIVITY) is None:
        raise Http404
    return site


def _title(seminar: Seminar) -> str:
    said: dict[str, Any] = seminar.texts.get(language()) or next(iter(seminar.texts.values()))
    return str(said["title"])


def _ics(seminar: Seminar, body: bytes) -> HttpResponse:
    heads = {"Content-Disposition": f'attachment; filename="seminar-{seminar.pk}.ics"'}
    return HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=heads)
