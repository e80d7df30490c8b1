"""Surveys at the desk: write, preview, commit to the draw, open, remind, close, see what was found out (F7)."""

import csv
import io
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.faces import charts
from tillit.faces.paging import page_of
from tillit.faces.public_web.surveys import shown
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language, survey_label
from tillit.faces.texts import languages, say
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.scope import Scope
from tillit.outreach.surveys import editing, operations, queries
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Kind, Question, Stage, Survey

ON_A_PAGE = 25
_LONGEST = 500


@require_safe
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The surveys, the newest first."""
    _may(worker)
    rows = page_of(request, queries.surveys(controller=worker.site.controller), ON_A_PAGE)
    return render(request, "staff_web/surveys.html", worker.context(page="surveys", rows=rows))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def new(request: HttpRequest, worker: Worker) -> HttpResponse:
    """A new draft."""
    _may(worker)
    problem = ""
    if request.method == "POST":
        try:
            with _scope(worker) as scope:
                made = editing.create(scope=scope, controller=worker.site.controller, frame=_frame(request))
            return redirect("staff_survey", worker.site.key, made.pk)
        except SurveyError as refused:
            problem = refused.code
    context = worker.context(page="surveys", typed=_typed(request), spoken=_spoken(request, None), problem=problem)
    return render(request, "staff_web/survey_new.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def one(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """A survey as it stands; a POST does the next step, or changes the draft."""
    survey = _found(worker, number)
    problem = ""
    if request.method == "POST":
        try:
            told = _act(request, worker, survey)
        except SurveyError as refused:
            problem = refused.code
        else:
            if told:
                messages.success(request, say(language(), f"survey_desk.{told}"))
            gone = request.POST.get("act") == "discard"
            return redirect("staff_surveys", worker.site.key) if gone else redirect(request.path)
        survey = _found(worker, number)
    questions = list(survey.questions.order_by("position"))
    chosen = request.GET.get("question", "")
    editing_one = next((q for q in questions if str(q.pk) == chosen), None)
    draft = survey.stage == Stage.DRAFT
    context = worker.context(
        page="surveys",
        survey=survey,
        questions=shown(questions, None),
        spoken=_spoken(request if problem else None, survey),
        typed={"sample": survey.sample, "closes_on": survey.closes_on.isoformat(), "prize": survey.prize or ""},
        asked=_asked(request if problem and request.POST.get("act") == "question" else None, editing_one),
        editing=editing_one,
        kinds=Kind.values,
        reach=queries.shown_reach(controller=worker.site.controller) if draft else None,
        answered=queries.answered(survey),
        results=queries.results(survey) if survey.stage == Stage.CLOSED else [],
        problem=problem,
        today=clock.today(),
    )
    return render(request, "staff_web/survey.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker, number: int, question: int) -> HttpResponse:
    """What was answered to one question, as bars."""
    survey = _found(worker, number)
    found = next((r for r in queries.results(survey) if r.question.pk == question and r.shares), None)
    if found is None:
        raise Http404
    people = say(language(), "survey_desk.people")
    rows = [(survey_label(found.question, one.label), people, float(one.people)) for one in found.shares]
    return HttpResponse(charts.bars(rows, value=people), content_type="image/svg+xml")


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """What was found out, as CSV: the figures that the page shows, and the remarks."""
    survey = _found(worker, number)
    if survey.stage != Stage.CLOSED:
        raise Http404
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["question", "answer", "people", "answered"])
    for found in queries.results(survey):
        said = found.question.texts.get(language()) or next(iter(found.question.texts.values()))
        for figure in found.shares:
            label = survey_label(found.question, figure.label)
            writer.writerow([inert(said["text"]), inert(label), figure.people, figure.answered])
        for remark in found.remarks:
            writer.writerow([inert(said["text"]), inert(remark.text), "", ""])
    name = f"{worker.site.key}-survey-{survey.pk}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _act(request: HttpRequest, worker: Worker, survey: Survey) -> str:
    """Do what was asked; the wording that tells of it."""
    act = request.POST.get("act", "")
    if act == "close":
        operations.close(survey=survey)
        return "closed"
    with _scope(worker) as scope:
        if act in {"commit", "open", "remind"}:
            step = {"commit": operations.commit, "open": operations.open_now, "remind": operations.remind}[act]
            step(scope=scope, survey=survey)
            return {"commit": "committed", "open": "opened", "remind": "reminded"}[act]
        if act == "discard":
            editing.discard(scope=scope, survey=survey)
            return "discarded"
        if act == "frame":
            editing.change(scope=scope, survey=survey, frame=_frame(request))
            return "saved"
        chosen = Question.objects.filter(survey=survey, pk=_number(request.POST.get("question")) or 0).first()
        if act == "question":
            _put(request, scope, survey, chosen)
            return "saved"
        if chosen is None:
            raise Http404
        if act in {"up", "down"}:
            editing.move(scope=scope, question=chosen, up=act == "up")
        elif act == "remove":
            editing.remove(scope=scope, question=chosen)
        else:
            raise Http404
    return ""


def _put(request: HttpRequest, scope: Scope, survey: Survey, chosen: Question | None) -> None:
    said = request.POST
    texts = {
        code: {
            "text": said.get(f"text_{code}", "").strip()[:_LONGEST],
            "options": [line.strip()[:200] for line in said.get(f"options_{code}", "").splitlines() if line.strip()],
        }
        for code in languages()
    }
    editing.put_question(
        scope=scope,
        survey=survey,
        kind=said.get("kind", ""),
        texts=texts,
        required=said.get("required") == "1",
        low=_number(said.get("low")),
        high=_number(said.get("high")),
        question=chosen,
    )


def _frame(request: HttpRequest) -> editing.Frame:
    said = request.POST
    try:
        closes = date.fromisoformat(said.get("closes_on", ""))
    except ValueError:
        raise SurveyError("closes", "it closes on a day to come") from None
    return editing.Frame(
        texts={
            code: {part: said.get(f"{part}_{code}", "").strip()[:_LONGEST] for part in ("title", "purpose")}
            for code in languages()
        },
        anonymous=said.get("anonymous") != "0",
        sample=_number(said.get("sample")) or 0,
        closes_on=closes,
        prize=_number(said.get("prize")),
    )


def _number(text: str | None) -> int | None:
    given = (text or "").strip()
    return int(given) if given.lstrip("-").isdecimal() and given.isascii() and len(given) <= 9 else None


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:20] for name in ("sample", "closes_on", "anonymous", "prize")}


def _spoken(request: HttpRequest | None, survey: Survey | None) -> list[tuple[str, str, dict[str, Any]]]:
    """(language, its name, title and purpose) of every language."""
    parts = ("title", "purpose")
    said = survey.texts if survey else {}
    if request is not None and request.POST.get("act", "frame") == "frame":
        said = {code: {part: request.POST.get(f"{part}_{code}", "") for part in parts} for code in languages()}
    return [(code, say(code, "language.name"), said.get(code, {})) for code in languages()]


def _asked(request: HttpRequest | None, question: Question | None) -> dict[str, Any]:
    """What the form for a question holds."""
    if request is not None:
        told = {name: request.POST.get(name, "") for name in ("kind", "low", "high", "required")}
        texts = [
            (
                code,
                say(code, "language.name"),
                request.POST.get(f"text_{code}", ""),
                request.POST.get(f"options_{code}"),
            )
            for code in languages()
        ]
        return {**told, "texts": texts}
    said = question.texts if question else {}
    return {
        "kind": question.kind if question else Kind.SINGLE.value,
        "low": question.low if question else None,
        "high": question.high if question else None,
        "required": "1" if question and question.required else "",
        "texts": [
            (
                code,
                say(code, "language.name"),
                said.get(code, {}).get("text", ""),
                "\n".join(said.get(code, {}).get("options", ())),
            )
            for code in languages()
        ],
    }


def _scope(worker: Worker) -> Scope:
    return Scope(worker.actor, queries.ACTIVITY, controllers=frozenset({worker.site.controller.pk}))


def _found(worker: Worker, number: int) -> Survey:
    _may(worker)
    mine = Survey.objects.filter(controller=worker.site.controller, pk=number)
    found = mine.select_related("controller", "draw").first()
    if found is None:
        raise Http404
    return found


def _may(worker: Worker) -> None:
    if not worker.asks:
        raise Http404
