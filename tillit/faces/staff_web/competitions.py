"""Competitions at the desk: write, open, draw, send the prizes. Only winners are shown (F8)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.faces.paging import page_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import languages, say
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Scope
from tillit.outreach.competitions import operations, queries
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.competitions.operations import Content
from tillit.outreach.draws.operations import late

ON_A_PAGE = 25
_PARTS = ("title", "about", "question")


@require_safe
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The competitions, the latest first."""
    _may(worker)
    rows = page_of(request, queries.all_of(controller=worker.site.controller), ON_A_PAGE)
    return render(request, "staff_web/competitions.html", worker.context(page="competitions", rows=rows))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def new(request: HttpRequest, worker: Worker) -> HttpResponse:
    """A new draft."""
    _may(worker)
    problem = ""
    if request.method == "POST":
        try:
            with _scope(worker) as scope:
                made = operations.create(scope=scope, controller=worker.site.controller, content=_content(request))
            return redirect("staff_competition", worker.site.key, made.pk)
        except CompetitionError as refused:
            problem = refused.code
    context = worker.context(page="competitions", **_form(request, None), problem=problem)
    return render(request, "staff_web/competition_new.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def one(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """A competition as it stands; a POST does the next step. The winners are shown, on record; the others are not."""
    found = _found(worker, number)
    problem = ""
    if request.method == "POST":
        try:
            told = _act(request, worker, found)
        except CompetitionError as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), f"competition_desk.{told}"))
            if told == "discarded":
                return redirect("staff_competitions", worker.site.key)
            return redirect(request.path)
        found = _found(worker, number)
    context = worker.context(
        page="competitions",
        competition=found,
        entries=queries.entries(found),
        winners=_winners(worker, found),
        over=found.closes_at <= clock.now(),
        late=found.draw is not None and late(found.draw),
        problem=problem,
        **_form(request if problem and request.POST.get("act") == "change" else None, found),
    )
    return render(request, "staff_web/competition.html", context, status=422 if problem else 200)


def _winners(worker: Worker, found: Competition) -> list[Entry]:
    if found.stage != Stage.DRAWN:
        return []
    with _scope(worker) as scope:
        rows = queries.winners(found)
        details = {"purpose": operations.ACTIVITY, "categories": ["competition_entry"]}
        here, subjects = worker.site.controller.pk, [row.subject_id for row in rows]
        append(type=PERSON_READ, scope=scope, controller=here, subjects=subjects, details=details)
    return rows


def _act(request: HttpRequest, worker: Worker, found: Competition) -> str:
    act = request.POST.get("act", "")
    with _scope(worker) as scope:
        match act:
            case "change":
                operations.change(scope=scope, competition=found, content=_content(request))
            case "open":
                operations.open_now(scope=scope, competition=found)
            case "discard":
                operations.discard(scope=scope, competition=found)
            case "draw":
                operations.draw(scope=scope, competition=found, mixed_in=request.POST.get("mixed_in", "")[:120])
            case "announce":
                said = request.POST.get("announced", "")[:120]
                operations.announce_anew(scope=scope, competition=found, announced=said, announced_at=_moment(request))
            case "sent":
                given = request.POST.get("entry", "")
                entry = int(given) if given.isascii() and given.isdecimal() and len(given) < 20 else 0
                operations.prize_sent(scope=scope, competition=found, entry_id=entry)
            case _:
                raise Http404
    return {"change": "saved", "open": "opened", "discard": "discarded", "draw": "drawn", "sent": "sent",
            "announce": "announced_anew"}[act]  # fmt: skip


def _content(request: HttpRequest) -> Content:
    said = request.POST
    try:
        closes = datetime.fromisoformat(said.get("closes_at", "")).replace(tzinfo=ZoneInfo(DEFAULT_ZONE))
    except ValueError:
        raise CompetitionError("closes", "it closes at a time to come") from None
    winners = said.get("winners", "").strip()
    return Content(
        texts={code: {part: said.get(f"{part}_{code}", "").strip()[:4000] for part in _PARTS} for code in languages()},
        correct=said.get("correct", "").strip()[:200],
        announced=said.get("announced", "").strip()[:120],
        announced_at=_moment(request),
        winners=int(winners) if winners.isascii() and winners.isdecimal() and len(winners) < 6 else 0,
        members_only=said.get("members_only") == "1",
        closes_at=closes,
    )


def _moment(request: HttpRequest) -> datetime | None:
    said = request.POST.get("announced_at", "").strip()
    try:
        return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(DEFAULT_ZONE)) if said else None
    except ValueError:
        raise CompetitionError("announced", "that is no moment") from None


def _form(request: HttpRequest | None, found: Competition | None) -> dict[str, Any]:
    names = ("closes_at", "winners", "correct", "announced", "announced_at", "members_only")
    typed: dict[str, Any]
    if request is not None:
        typed = {name: request.POST.get(name, "")[:200] for name in names}
        texts = {code: {p: request.POST.get(f"{p}_{code}", "") for p in _PARTS} for code in languages()}
    else:
        assert found is not None  # noqa: S101 (one of the two is there)
        typed = {name: getattr(found, name) for name in names}
        typed["closes_at"] = f"{found.closes_at.astimezone(ZoneInfo(DEFAULT_ZONE)):%Y-%m-%dT%H:%M}"
        typed["announced_at"] = ""
        if found.announced_at is not None:
            typed["announced_at"] = f"{found.announced_at.astimezone(ZoneInfo(DEFAULT_ZONE)):%Y-%m-%dT%H:%M}"
        texts = found.texts
    return {"typed": typed, "spoken": [(code, say(code, "language.name"), texts.get(code, {})) for code in languages()]}


def _scope(worker: Worker) -> Scope:
    return Scope(worker.actor, operations.ACTIVITY, controllers=frozenset({worker.site.controller.pk}))


def _found(worker: Worker, number: int) -> Competition:
    _may(worker)
    mine = Competition.objects.filter(controller=worker.site.controller, pk=number)
    found = mine.select_related("controller", "draw").first()
    if found is None:
        raise Http404
    return found


def _may(worker: Worker) -> None:
    if not worker.runs_competitions:
        raise Http404
