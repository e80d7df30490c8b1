"""Newsletters and campaigns: words, set with the reason for every exclusion, preview, test, approval, progress (F3)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.faces.staff_web import segment_form
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.messages.templates import Rendered
from tillit.outreach.campaigns import figures, operations, preview, queries, words
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign, State

PAGE = 25
_BARE = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
_TEXTS = ("name", "subject", "body", "short", "fallback")
_MOVES = {"draft": State.DRAFT, "pause": State.PAUSED, "resume": State.SENDING, "cancel": State.CANCELLED}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The campaigns, the newest first; a POST makes a draft."""
    if not worker.sends_campaigns:
        raise Http404
    controller, problem = worker.site.controller, ""
    purposes = queries.activities(actor=worker.actor, controller=controller)
    if request.method == "POST":
        activity, _, channel = request.POST.get("purpose", "").partition(":")
        try:
            made = operations.make(
                actor=worker.actor,
                controller=controller,
                name=request.POST.get("name", ""),
                activity=activity,
                channel=channel,
            )
            return redirect("staff_campaign", worker.site.key, made.pk)
        except CampaignError as error:
            problem = error.code
    rows = Paginator(queries.campaigns(controller=controller), PAGE).get_page(request.GET.get("page"))
    ways = [(one, channel, there) for one in purposes for channel, there in queries.channels(one)]
    context = worker.context(
        page="campaigns", rows=rows, ways=ways, problem=problem, typed=request.POST.get("name", "")[:80]
    )
    return render(request, "staff_web/campaigns.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """One campaign; a POST saves it, counts its set, shows it, tests, approves, or moves it on."""
    mine = found(worker, number)
    extra: dict[str, Any] = {}
    problem, typed = "", None
    if request.method == "POST":
        try:
            done = _act(request, worker, mine, extra)
        except CampaignError as error:
            problem, typed = error.code, request.POST
        except ValueError:
            problem, typed = "value", request.POST
        else:
            if done is not None:
                return redirect("staff_campaign", worker.site.key, done)
        mine.refresh_from_db()
    context = worker.context(page="campaigns", problem=problem, **_shown(mine, typed), **extra)
    return render(request, "staff_web/campaign.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def html(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """The HTML part with the fallback in place of each field, as a page that runs nothing and fetches nothing."""
    shown = preview.for_nobody(campaign=found(worker, number))
    return HttpResponse(shown.html, headers={"Content-Security-Policy": _BARE})


def found(worker: Worker, number: int) -> Campaign:
    """The campaign, where the worker sends for its purpose."""
    purposes = [one.key for one in queries.activities(actor=worker.actor, controller=worker.site.controller)]
    one = queries.campaigns(controller=worker.site.controller).filter(pk=number, activity__in=purposes).first()
    if one is None:
        raise Http404
    return one


def _act(request: HttpRequest, worker: Worker, campaign: Campaign, extra: dict[str, Any]) -> int | None:
    """Do what was asked; the campaign to go to, None where this page shows the outcome."""
    act, actor = request.POST.get("act", ""), worker.actor
    told = "saved"
    if act in {"save", "count", "preview", "person", "test", "approve"} and campaign.status in _OPEN:
        if "subject" in request.POST or "short" in request.POST:
            campaign = _saved(request, worker, campaign)
    elif act not in _MOVES and act not in {"copy", "preview"}:
        raise CampaignError("not-now", "it is under way or over")
    match act:
        case "count":
            extra["size"] = _size(campaign)
            return None
        case "preview":
            extra["shown"] = _frame(preview.for_nobody(campaign=campaign))
            return None
        case "person":
            extra["shown"] = _frame(preview.for_somebody(actor=actor, campaign=campaign))
            extra["person"] = True
            return None
        case "test":
            preview.send_test(campaign=campaign, to=worker.staff.email)
            told = "tested"
        case "approve":
            operations.approve(actor=actor, campaign=campaign)
            told = "approved"
        case "copy":
            campaign = operations.copy(actor=actor, campaign=campaign)
            told = "copied"
        case "save":
            pass
        case _:
            operations.move(actor=actor, campaign=campaign, to=_MOVES[act])
            told = act
    messages.success(request, say(language(), f"campaigns.told.{told}"))
    return campaign.pk


_OPEN = {State.DRAFT, State.APPROVED}


def _saved(request: HttpRequest, worker: Worker, campaign: Campaign) -> Campaign:
    said = request.POST
    pace, starts = said.get("per_hour", "").strip(), said.get("starts_at", "").strip()
    to: dict[str, Any] = {name: said[name].replace("\r\n", "\n") for name in _TEXTS if name in said}
    to["per_hour"] = int(pace) if pace else None
    to["starts_at"] = datetime.fromisoformat(starts).replace(tzinfo=ZoneInfo(DEFAULT_ZONE)) if starts else None
    if "mode" in said:
        to["segment"] = segment_form.read(said)
    standing = {name: getattr(campaign, name) for name in to}
    if to == standing:
        return campaign
    return operations.change(actor=worker.actor, campaign=campaign, **to)


def _size(campaign: Campaign) -> figures.Set:
    found = queries.size(
        controller=campaign.controller,
        activity=campaign.activity,
        channel=campaign.channel,
        segment=campaign.segment,
    )
    return figures.of_size(found)


def _frame(shown: Rendered) -> dict[str, Any]:
    """A rendered message for the page."""
    return {"subject": shown.subject, "text": shown.text, "short": shown.short}


def _shown(campaign: Campaign, typed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(campaign, name) for name in (*_TEXTS, "per_hour")}
    starts = campaign.starts_at
    values["starts_at"] = starts.astimezone(ZoneInfo(DEFAULT_ZONE)).strftime("%Y-%m-%dT%H:%M") if starts else ""
    if typed is not None:
        values |= {name: typed[name] for name in values if name in typed}
    mail = campaign.channel in {"email", "post", "push"}
    return {
        "campaign": campaign,
        "values": values,
        "mail": mail,
        "open": campaign.status in _OPEN,
        "segment": segment_form.shown(
            controller=campaign.controller,
            activity=campaign.activity,
            segment=campaign.segment,
            typed=typed if typed is not None and "mode" in typed else None,
        ),
        "fields": sorted(words.FIELDS),
        "sms": words.as_sms(campaign) if campaign.channel == "sms" and campaign.short else None,
        "progress": figures.shown(campaign=campaign) if campaign.started_at else None,
    }
