"""Surveys at the desk: write, preview, commit to the draw, open, remind, close, see what was found out (F7)."""

import csv
import io
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tillit.faces import charts
from tillit.faces.jobs.tasks import start
from tillit.faces.public_web.surveys import shown
from tillit.faces.staff_web import segment_form
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.kept import Kept, scope_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.templatetags.tillit_programme import survey_label
from tillit.faces.texts import languages, say
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.scope import Scope
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.surveys import editing, operations, queries
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Kind, Question, Stage, Survey

_LONGEST = 500
JOB = "survey_sending"


def _make(request: HttpRequest, worker: Worker, scope: Scope) -> int:
    made = editing.create(scope=scope, controller=worker.site.controller, frame=_frame(request))
    start(JOB)
    return int(made.pk)


def _shown(request: HttpRequest, worker: Worker, survey: Survey, problem: str) -> dict[str, Any]:
    questions = list(survey.questions.order_by("position"))
    chosen = request.GET.get("question", "")
    editing_one = next((q for q in questions if str(q.pk) == chosen), None)
    draft, progress = survey.stage == Stage.DRAFT, queries.progress(survey)
    return {
        "survey": survey,
        "questions": shown(questions, None),
        "spoken": _spoken(request if problem else None, survey),
        "typed": {"sample": survey.sample, "closes_on": survey.closes_on.isoformat(), "prize": survey.prize or ""},
        "asked": _asked(request if problem and request.POST.get("act") == "question" else None, editing_one),
        "editing": editing_one,
        "kinds": Kind.values,
        "reach": survey.counted if draft else None,
        "counting": draft and survey.counted_at is None,
        "progress": progress,
        "moving": progress or survey.stage == Stage.DRAWING or (draft and survey.counted_at is None),
        "segment": _conditions(worker, survey.segment, request.POST if problem else {}),
        "answered": queries.answered(survey),
        "results": queries.results(survey) if survey.stage == Stage.CLOSED else [],
        "today": clock.today(),
    }


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker, number: int, question: int) -> HttpResponse:
    """What was answered to one question, as bars."""
    _KEPT.allow(worker)
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
    _KEPT.allow(worker)
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
        operations.close(survey=survey, words=_words(request))
        return "closed"
    if act == "give_up":
        if not request.POST.get("sure"):
            raise SurveyError("unsure", "answers are given up by who says that it is meant")
        operations.give_up(survey=survey)
        return "closed"
    told = _done(request, worker, survey, act)
    if act in {"open", "remind", "frame", "count"}:
        start(JOB)
    return told


def _done(request: HttpRequest, worker: Worker, survey: Survey, act: str) -> str:
    commit = partial(operations.commit, words=_words(request))
    steps: dict[str, Callable[..., object]] = {"commit": commit, "open": operations.begin, "remind": operations.remind}
    with scope_of(worker, queries.ACTIVITY) as scope:
        if act in steps:
            steps[act](scope=scope, survey=survey)
            return {"commit": "committed", "open": "begun", "remind": "reminded"}[act]
        if act == "count":
            editing.count_again(scope=scope, survey=survey)
            return ""
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
        segment=_segment(said),
    )


def _segment(said: Any) -> dict[str, Any]:
    try:
        return segment_form.read(said)
    except CampaignError:
        raise SurveyError("segment", "people are not drawn by that") from None


def _conditions(worker: Worker, segment: dict[str, Any], typed: Any) -> segment_form.Form:
    """By what declared facts people may be drawn, as a form. typed: what was sent, where it is shown again."""
    return segment_form.shown(
        controller=worker.site.controller,
        activity=queries.ACTIVITY,
        segment=segment,
        typed=typed if "mode" in typed else None,
    )


def _words(request: HttpRequest) -> str:
    """The words of an anonymous survey: in this process only, as long as it takes."""
    return request.POST.get("words", "").strip()[:300]


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


def _found(worker: Worker, number: int) -> Survey:
    mine = Survey.objects.filter(controller=worker.site.controller, pk=number)
    found = mine.select_related("controller", "draw").first()
    if found is None:
        raise Http404
    return found


_KEPT = Kept(
    name="survey",
    words="survey_desk",
    may=lambda worker: worker.asks,
    activity=queries.ACTIVITY,
    refused=SurveyError,
    rows=lambda _, worker: queries.surveys(controller=worker.site.controller),
    make=_make,
    found=_found,
    act=_act,
    form=lambda request, worker: {
        "typed": _typed(request),
        "spoken": _spoken(request, None),
        "segment": _conditions(worker, {}, request.POST),
    },
    shown=_shown,
)
listed, new, one = _KEPT.listed, _KEPT.new, _KEPT.one
