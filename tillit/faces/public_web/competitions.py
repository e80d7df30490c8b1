"""Competitions for the public: what is open, and entering (F8). What is answered is the same for everybody."""

from datetime import timedelta
from hashlib import sha256

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tillit.declaration.statement.at_form import AtForm
from tillit.faces.form_notices import said_on
from tillit.faces.paging import page_of
from tillit.faces.public_web.sharing import shares
from tillit.faces.signing_in import network_address
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.outreach.competitions import confirming, entering, queries
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Stage
from tillit.outreach.competitions.operations import ACTIVITY
from tillit.parties import rates
from tillit.parties.rates import Limit

ON_A_PAGE = 25
_OFTEN = Limit("competition_entry", 20, timedelta(hours=1))
_FIELDS = {"name": 120, "email": 254, "phone": 30, "address": 200, "answer": 300}


@require_safe
def listed(request: HttpRequest, controller: str) -> HttpResponse:
    """What may be entered now."""
    site = _site(controller)
    rows = page_of(request, queries.open_ones(controller=site.controller), ON_A_PAGE)
    return render(request, "public_web/competitions.html", {"site": site, "rows": rows})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, controller: str, number: int) -> HttpResponse:
    """A competition, and its form. Who is signed in enters as themselves; to who is not a link is sent, and the words
    are the same whether the address had entered or not.
    """
    site = _site(controller)
    found = (
        Competition.objects.select_related("controller", "draw").filter(pk=number, controller=site.controller).first()
    )
    if found is None or found.stage == Stage.DRAFT:
        raise Http404
    said = said_on(site, "competition")
    subject = _signed_in(request, site)
    problem = ""
    if request.method == "POST" and said is not None:
        try:
            told = _enter(request, found, said, subject)
        except CompetitionError as refused:
            problem = refused.code
        else:
            messages.success(request, told)
            return redirect("competition", site.key, number)
    texts = found.texts.get(language()) or next(iter(found.texts.values()))
    context = {
        "site": site,
        "competition": found,
        "texts": texts,
        "said": said,
        "signed_in": subject is not None,
        "running": entering.running(found),
        "typed": {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()},
        "problem": problem,
        "shares": shares(request, title=texts["title"]),
    }
    return render(request, "public_web/competition.html", context, status=422 if problem else 200)


def _enter(request: HttpRequest, competition: Competition, said: AtForm, subject: int | None) -> str:
    """What to say: the ticket, or that a link was sent."""
    if not rates.within(_OFTEN, rates.truncated(network_address(request))):
        raise CompetitionError("often", "too many entries from here for now")
    typed = {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()}
    wording = sha256(f"{said.notice}\n{said.why}".encode()).hexdigest()
    who = confirming.Entrant(**typed)
    if subject is None:
        place = request.build_absolute_uri(reverse("competition_confirm", args=[competition.controller.key, "TOKEN"]))
        values = entering.checked(competition=competition, who=who, signed_in=False)
        link = place.replace("TOKEN", "{token}")
        confirming.ask(competition=competition, values=values, wording=wording, link=link)
        return say(language(), "competitions.asked")
    return _told(entering.enter(competition=competition, who=who, wording=wording, subject_id=subject))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, controller: str, token: str) -> HttpResponse:
    """What the link confirms, and a button; a POST enters. 404 for a link that is none of ours or too old."""
    site = _site(controller)
    read = confirming.read(controller_id=site.controller.pk, token=token)
    if read is None:
        raise Http404
    found, who, wording = read
    context = {"site": site, "competition": found, "who": who, "problem": "", "thanks": ""}
    if request.method == "POST":
        try:
            context["thanks"] = _told(entering.enter(competition=found, who=who, wording=wording))
        except CompetitionError as refused:
            context["problem"] = refused.code
    elif not entering.running(found):
        context["problem"] = "over"
    return render(request, "public_web/competition_confirm.html", context, status=422 if context["problem"] else 200)


def _told(ticket: str) -> str:
    if not ticket:
        return say(language(), "competitions.known")
    return f"{say(language(), 'competitions.entered')} {say(language(), 'competitions.ticket', ticket=ticket)}"


def _signed_in(request: HttpRequest, site: Site) -> int | None:
    from tillit.faces.member_web.access import member_of  # noqa: PLC0415 (Min side imports the public pages)

    member = member_of(request, site)
    return member.subject_id if member else None


def _site(controller: str) -> Site:
    site = site_or_404(controller)
    if site.declaration.activity(ACTIVITY) is None:
        raise Http404
    return site
