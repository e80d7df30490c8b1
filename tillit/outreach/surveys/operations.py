"""A survey is committed to, begun (`sending` draws and sends), reminded of, and closed (F7). Keyword-only."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from tillit.audit.operations import append
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.outreach.draws import operations as draws
from tillit.outreach.draws.models import Draw
from tillit.outreach.surveys import events, locks, queries, urns
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Ballot, Figure, Question, Remark, Stage, Survey
from tillit.outreach.surveys.people import Invitation, Response
from tillit.outreach.surveys.sheets import Sheet, figures

WAITS = timedelta(days=60)
"""How long the answers to an anonymous survey wait for its words, from the day on which it takes no more."""
log = structlog.get_logger(__name__)


def commit(*, scope: Scope, survey: Survey, words: str = "") -> Draw:
    """Publish the digest of the seed by which people will be drawn, before their list stands. Again: as it was.

    words: what the answers to an anonymous survey are sealed to; kept nowhere, and needed to close it. Given again
    while it is a draft, they take the place of the first. Raises `SurveyError` `phrase-missing`, `phrase-short`.
    """
    held = _locked(survey, Stage.DRAFT)
    if held.anonymous and (words or held.lock is None):
        if not words:
            raise SurveyError("phrase-missing", "an anonymous survey is closed by words")
        Survey.objects.filter(pk=held.pk).update(lock=locks.made(words))
    if held.draw is not None:
        return held.draw
    names = {code: said["title"] for code, said in held.texts.items()}
    made = draws.commit(scope=scope, controller=held.controller, names=names)
    Survey.objects.filter(pk=held.pk).update(draw=made)
    return made


def begin(*, scope: Scope, survey: Survey) -> None:
    """Have it drawn and sent, by `sending.run_everywhere`. Raises `SurveyError`."""
    held = _locked(survey, Stage.DRAFT)
    ready(held)
    Survey.objects.filter(pk=held.pk).update(stage=Stage.DRAWING, problem="")
    append(type=events.BEGUN, scope=scope, controller=held.controller_id, details={"survey": held.pk})


def ready(survey: Survey) -> None:
    """Whether it can be drawn. Raises `SurveyError` `uncommitted`, `phrase-missing`, `questions`,
    `closes`.
    """
    if survey.draw is None:
        raise SurveyError("uncommitted", "commit to the draw first")
    if survey.anonymous and survey.lock is None:
        raise SurveyError("phrase-missing", "an anonymous survey is closed by words")
    if not survey.questions.exists():
        raise SurveyError("questions", "there is no question")
    if survey.closes_on <= clock.today():
        raise SurveyError("closes", "it closes on a day to come")


def remind(*, scope: Scope, survey: Survey) -> int:
    """Have a reminder put out, once: in an anonymous survey to everybody who was asked (nobody knows who has answered),
    else to who has not answered; how many. Raises `SurveyError`, `sending` while people are still being invited.
    """
    held = _locked(survey, Stage.OPEN)
    if held.reminded_at is not None:
        raise SurveyError("reminded", "they have been reminded")
    if held.closes_on <= clock.today():
        raise SurveyError("closes", "its day has come")
    if held.sending:
        raise SurveyError("sending", "not everybody is invited yet")
    with queries.scope_of(held.controller):
        people = Invitation.objects.filter(survey_id=held.pk).count()
        if not held.anonymous:
            people -= Response.objects.filter(survey_id=held.pk).count()
    Survey.objects.filter(pk=held.pk).update(reminded_at=clock.now(), sending=True)
    details = {"survey": held.pk, "people": people}
    append(type=events.REMINDED, scope=scope, controller=held.controller_id, details=details)
    return people


def close(*, survey: Survey, words: str = "") -> int:
    """Close it: figures are made, and what they were made of is destroyed (anonymous) or left to its period. How many
    answers were counted. words: those an anonymous survey was committed to with. Outside every scope. Raises
    `SurveyError` `phrase` for others.
    """
    return _close(survey, lambda held: urns.emptied(held, words))


def give_up(*, survey: Survey) -> None:
    """Close an anonymous survey whose words are lost: its answers are destroyed unread. Outside every scope. Raises
    `SurveyError` `stage`, also for one that has no words.
    """
    if not survey.anonymous:
        raise SurveyError("stage", "only answers that nobody can read are given up")
    _close(survey, _unread, "given-up")


def _close(survey: Survey, empty: Callable[[Survey], list[Sheet]], problem: str = "") -> int:
    with transaction.atomic():
        held = _locked(survey, Stage.OPEN)
        questions = list(held.questions.order_by("position"))
        sheets = empty(held) if held.anonymous else _responses(held)
        enough = len(sheets) >= held.least
        now = clock.now()
        if enough:
            told = figures(questions, sheets, least=held.least)
            Figure.objects.bulk_create(
                Figure(question_id=one.question, position=place, label=one.label, people=one.people,
                       answered=one.answered) for place, one in enumerate(told)
            )  # fmt: skip
        if held.anonymous:
            if enough:
                Remark.objects.bulk_create(_remarks(questions, sheets, held.least, now))
            Ballot.objects.filter(survey=held).delete()
        held.stage, held.closed_at, held.secret, held.sending = Stage.CLOSED, now, None, False
        held.lock, held.problem = None, problem
        held.answers = len(sheets) if enough else 0
        held.save()
        actor = system("surveys", {held.controller_id})
        with Scope(actor, "retention"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM surveys_invitation WHERE survey_id = %s", [held.pk])
        with queries.scope_of(held.controller) as scope:
            details = {"survey": held.pk, "answers": held.answers}
            append(type=events.CLOSED, scope=scope, controller=held.controller_id, details=details)
    return held.answers


def close_everywhere() -> int:
    """The worker's run: surveys whose day has come are closed; how many. An anonymous one waits for its words, for 60
    days; then its answers are destroyed unread.
    """
    closed, today = 0, clock.today()
    due = Survey.objects.filter(stage=Stage.OPEN, closes_on__lte=today).select_related("controller")
    for survey in due.order_by("pk"):
        try:
            if not survey.anonymous:
                close(survey=survey)
            elif survey.closes_on + WAITS <= today:
                _close(survey, _unread, "unopened")
            else:
                continue
            closed += 1
        except TillitError as failed:
            log.warning("survey_not_closed", survey=survey.pk, code=failed.code)
    return closed


def _unread(survey: Survey) -> list[Sheet]:
    urns.destroy(survey)
    return []


def _remarks(questions: list[Question], sheets: list[Sheet], least: int, now: datetime) -> list[Remark]:
    """Each question's texts by themselves, so that no two answers of a sheet stay together."""
    made = []
    for question in questions:
        texts = [sheet[str(question.pk)] for sheet in sheets if str(question.pk) in sheet and question.kind == "text"]
        if len(texts) >= least:
            made += [Remark(question=question, text=text, closed_at=now) for text in texts]
    return urns.shuffled(made)


def _responses(survey: Survey) -> list[Sheet]:
    with queries.scope_of(survey.controller):
        return list(Response.objects.filter(survey_id=survey.pk).values_list("answers", flat=True))


def _locked(survey: Survey, stage: Stage) -> Survey:
    held = Survey.objects.select_for_update(of=("self",)).select_related("controller", "draw").get(pk=survey.pk)
    if held.stage != stage:
        raise SurveyError("stage", f"the survey is {held.stage}")
    return held
