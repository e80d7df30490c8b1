"""Competitions at the desk: write, open, draw, send the prizes. Only winners are shown (F8)."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest

from tillit.faces.staff_web.access import Worker
from tillit.faces.staff_web.kept import Kept, looked, scope_of
from tillit.faces.staff_web.written import Written, moment
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.outreach.competitions import operations, queries
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.competitions.operations import Content
from tillit.outreach.draws.operations import late

_FORM = Written(
    names=("winners", "correct", "announced", "members_only"),
    times=("closes_at", "announced_at"),
    parts=("title", "about", "question"),
)


def _make(request: HttpRequest, worker: Worker, scope: Scope) -> int:
    return int(operations.create(scope=scope, controller=worker.site.controller, content=_content(request)).pk)


def _shown(request: HttpRequest, worker: Worker, found: Competition, problem: str) -> dict[str, Any]:
    """The winners are shown, on record; the others are not."""
    return {
        "competition": found,
        "entries": queries.entries(found),
        "winners": _winners(worker, found),
        "over": found.closes_at <= clock.now(),
        "late": found.draw is not None and late(found.draw),
        **_FORM.shown(request if problem and request.POST.get("act") == "change" else None, found),
    }


def _winners(worker: Worker, found: Competition) -> list[Entry]:
    if found.stage != Stage.DRAWN:
        return []
    with scope_of(worker, operations.ACTIVITY) as scope:
        rows = queries.winners(found)
        looked(scope, worker, [row.subject_id for row in rows], "competition_entry")
    return rows


def _act(request: HttpRequest, worker: Worker, found: Competition) -> str:
    act = request.POST.get("act", "")
    with scope_of(worker, operations.ACTIVITY) as scope:
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
                operations.announce_anew(
                    scope=scope, competition=found, announced=said, announced_at=_announced_at(request)
                )
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
        closes = moment(request, "closes_at")
    except ValueError:
        closes = None
    if closes is None:
        raise CompetitionError("closes", "it closes at a time to come")
    winners = said.get("winners", "").strip()
    return Content(
        texts=_FORM.texts(request),
        correct=said.get("correct", "").strip()[:200],
        announced=said.get("announced", "").strip()[:120],
        announced_at=_announced_at(request),
        winners=int(winners) if winners.isascii() and winners.isdecimal() and len(winners) < 6 else 0,
        members_only=said.get("members_only") == "1",
        closes_at=closes,
    )


def _announced_at(request: HttpRequest) -> datetime | None:
    try:
        return moment(request, "announced_at")
    except ValueError:
        raise CompetitionError("announced", "that is no moment") from None


def _found(worker: Worker, number: int) -> Competition:
    mine = Competition.objects.filter(controller=worker.site.controller, pk=number)
    found = mine.select_related("controller", "draw").first()
    if found is None:
        raise Http404
    return found


_KEPT = Kept(
    name="competition",
    words="competition_desk",
    may=lambda worker: worker.runs_competitions,
    activity=operations.ACTIVITY,
    refused=CompetitionError,
    rows=lambda _, worker: queries.all_of(controller=worker.site.controller),
    make=_make,
    found=_found,
    act=_act,
    form=lambda request, _: _FORM.shown(request, None),
    shown=_shown,
)
listed, new, one = _KEPT.listed, _KEPT.new, _KEPT.one
