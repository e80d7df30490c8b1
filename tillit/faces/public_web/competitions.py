"""Competitions for the public: what is open, and entering (F8). What is answered is the same for everybody."""

from datetime import timedelta
from hashlib import sha256

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.declaration.statement.at_form import AtForm
from tillit.faces.form_notices import said_on
from tillit.faces.paging import page_of
from tillit.faces.public_web.sharing import shares
from tillit.faces.signing_in import network_address
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.outreach.competitions import entering, queries
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Stage
from tillit.outreach.competitions.operations import ACTIVITY
from tillit.parties import rates
from tillit.parties.rates import Limit

ON_A_PAGE = 25
_OFTEN = Limit("competition_entry", 20, timedelta(hours=1))
_FIELDS = {"name": 200, "email": 254, "phone": 30, "address": 300, "answer": 500}


@require_safe
def listed(request: HttpRequest, controller: str) -> HttpResponse:
    """What may be entered now."""
    site = _site(controller)
    rows = page_of(request, queries.open_ones(controller=site.controller), ON_A_PAGE)
    return render(request, "public_web/competitions.html", {"site": site, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, controller: str, number: int) -> HttpResponse:
    """A competition, and its form; after it, the same words whether the address had entered or not."""
    site = _site(controller)
    found = Competition.objects.select_related("controller").filter(pk=number, controller=site.controller).first()
    if found is None or found.stage == Stage.DRAFT:
        raise Http404
    said = said_on(site, "competition")
    subject = _signed_in(request, site) if found.members_only else None
    problem = ""
    if request.method == "POST" and said is not None:
        try:
            _enter(request, found, said, subject)
        except CompetitionError as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), "competitions.entered"))
            return redirect("competition", site.key, number)
    texts = found.texts.get(language()) or next(iter(found.texts.values()))
    context = {
        "site": site,
        "competition": found,
        "texts": texts,
        "said": said,
        "signed_in": subject is not None,
        "running": found.stage == Stage.OPEN and clock.now() < found.closes_at,
        "typed": {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()},
        "problem": problem,
        "shares": shares(request, title=texts["title"]),
    }
    return render(request, "public_web/competition.html", context, status=422 if problem else 200)


def _enter(request: HttpRequest, competition: Competition, said: AtForm, subject: int | None) -> None:
    if not rates.within(_OFTEN, rates.truncated(network_address(request))):
        raise CompetitionError("often", "too many entries from here for now")
    typed = {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()}
    wording = sha256(f"{said.notice}\n{said.why}".encode()).hexdigest()
    entering.enter(competition=competition, who=entering.Entrant(**typed), wording=wording, subject_id=subject)


def _signed_in(request: HttpRequest, site: Site) -> int | None:
    from tillit.faces.member_web.access import member_of  # noqa: PLC0415 (Min side imports the public pages)

    member = member_of(request, site)
    return member.subject_id if member else None


def _site(controller: str) -> Site:
    site = site_or_404(controller)
    if site.declaration.activity(ACTIVITY) is None:
        raise Http404
    return site
