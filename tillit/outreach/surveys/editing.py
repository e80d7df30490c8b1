"""Writing a survey while it is a draft: its words, its questions and their order (F7). Keyword-only."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F, Max

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.segments import check
from tillit.outreach.surveys import events
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Kind, Question, Stage, Survey

_MOST_QUESTIONS, _MOST_OPTIONS, _WIDEST = 60, 20, 20
Words = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Frame:
    """What a survey says of itself. texts: language → title, purpose; a language without either is left out."""

    texts: Words
    anonymous: bool
    sample: int
    closes_on: date
    prize: int | None = None
    segment: dict[str, Any] = field(default_factory=dict)


def create(*, scope: Scope, controller: Controller, frame: Frame) -> Survey:
    """A new draft. Raises `SurveyError` `words`, `closes`."""
    return Survey.objects.create(controller=controller, made_at=clock.now(), **_checked(controller, frame))


def change(*, scope: Scope, survey: Survey, frame: Frame) -> None:
    """What a draft says of itself."""
    _draft(survey)
    kept = {} if frame.anonymous else {"lock": None}
    Survey.objects.filter(pk=survey.pk).update(
        **_checked(survey.controller, frame), **kept, counted=None, counted_at=None, problem=""
    )


def count_again(*, scope: Scope, survey: Survey) -> None:
    """Have whom a draft may ask counted anew."""
    _draft(survey)
    Survey.objects.filter(pk=survey.pk).update(counted=None, counted_at=None, problem="")


def put_question(
    *,
    scope: Scope,
    survey: Survey,
    kind: str,
    texts: Words,
    required: bool,
    low: int | None = None,
    high: int | None = None,
    question: Question | None = None,
) -> Question:
    """A new last question of a draft, or another wording of one. Raises `SurveyError`."""
    _draft(survey)
    said = {code: one for code, one in texts.items() if one.get("text")}
    counts = {len(one.get("options", ())) for one in said.values()}
    if kind not in Kind.values or not said or set(said) != set(survey.texts):
        raise SurveyError("words", "a question is asked in every language of the survey")
    if kind in {Kind.SINGLE, Kind.MULTIPLE} and not (len(counts) == 1 and 2 <= min(counts) <= _MOST_OPTIONS):
        raise SurveyError("options", "from two options, the same number of them in each language")
    if kind == Kind.SCALE and (low is None or high is None or not low < high <= low + _WIDEST):
        raise SurveyError("range", "a scale has two ends")
    if kind == Kind.NUMBER and low is not None and high is not None and low >= high:
        raise SurveyError("range", "low is below high")
    chosen = kind in {Kind.SINGLE, Kind.MULTIPLE}
    words = {
        code: {"text": one["text"], **({"options": list(one["options"])} if chosen else {})}
        for code, one in said.items()
    }
    ends = {"low": low, "high": high} if kind in {Kind.SCALE, Kind.NUMBER} else {"low": None, "high": None}
    if question is None:
        if survey.questions.count() >= _MOST_QUESTIONS:
            raise SurveyError("questions", "that is too many questions")
        last = survey.questions.aggregate(last=Max("position"))["last"] or 0
        question = Question(survey=survey, position=last + 1)
    question.kind, question.texts, question.required = kind, words, required
    question.low, question.high = ends["low"], ends["high"]
    question.save()
    return question


def move(*, scope: Scope, question: Question, up: bool) -> None:
    """One place up or down; at the end, nothing."""
    _draft(question.survey)
    others = Question.objects.filter(survey_id=question.survey_id)
    near = (
        others.filter(position__lt=question.position).order_by("-position").first()
        if up
        else others.filter(position__gt=question.position).order_by("position").first()
    )
    if near is not None:
        here, there = question.position, near.position
        Question.objects.filter(pk=near.pk).update(position=here)
        Question.objects.filter(pk=question.pk).update(position=there)


def remove(*, scope: Scope, question: Question) -> None:
    """Take a question out; those behind it move up."""
    _draft(question.survey)
    Question.objects.filter(survey_id=question.survey_id, position__gt=question.position).update(
        position=F("position") - 1
    )
    question.delete()


def discard(*, scope: Scope, survey: Survey) -> None:
    """The draft is no more."""
    _draft(survey)
    append(type=events.DISCARDED, scope=scope, controller=survey.controller_id, details={"survey": survey.pk})
    survey.delete()


def _checked(controller: Controller, frame: Frame) -> dict[str, Any]:
    texts = {code: {part: said.get(part, "").strip() for part in ("title", "purpose")} for code, said in
             frame.texts.items() if any(said.get(part, "").strip() for part in ("title", "purpose"))}  # fmt: skip
    if not texts or not all(all(said.values()) for said in texts.values()):
        raise SurveyError("words", "title and purpose are said in each language it has")
    if frame.closes_on <= clock.today():
        raise SurveyError("closes", "it closes on a day to come")
    return {
        "texts": texts,
        "anonymous": frame.anonymous,
        "sample": max(frame.sample, 0),
        "segment": _segment(controller, frame.segment),
        "closes_on": frame.closes_on,
        "prize": frame.prize,
    }


def _segment(controller: Controller, segment: dict[str, Any]) -> dict[str, Any]:
    try:
        return check(controller=controller, activity="surveys", segment=segment)
    except CampaignError as error:
        raise SurveyError("segment", "people are not drawn by that") from error


def _draft(survey: Survey) -> None:
    if Survey.objects.select_for_update().get(pk=survey.pk).stage != Stage.DRAFT:
        raise SurveyError("stage", "only a draft is changed")
