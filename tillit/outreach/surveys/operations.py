"""A survey is committed to, opened (drawn and sent), reminded of, and closed (F7). Keyword-only."""

import secrets as random_source
from collections.abc import Collection
from datetime import datetime

import structlog
from django.db import connection, transaction

from tillit.audit.operations import append
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.messages.operations import send_many
from tillit.outreach.draws import operations as draws
from tillit.outreach.draws.models import Draw
from tillit.outreach.surveys import events, links, queries, urns
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Ballot, Figure, Question, Remark, Stage, Survey
from tillit.outreach.surveys.people import Invitation, Response
from tillit.outreach.surveys.sheets import Sheet, figures
from tillit.parties.models import Subject

log = structlog.get_logger(__name__)
_AT_ONCE = 2000


def commit(*, scope: Scope, survey: Survey) -> Draw:
    """Publish the digest of the seed by which people will be drawn, before their list stands. Again: as it was."""
    held = _locked(survey, Stage.DRAFT)
    if held.draw is not None:
        return held.draw
    names = {code: said["title"] for code, said in held.texts.items()}
    made = draws.commit(scope=scope, controller=held.controller, names=names)
    Survey.objects.filter(pk=held.pk).update(draw=made)
    return made


def open_now(*, scope: Scope, survey: Survey) -> int:
    """Draw whom to ask, and ask them; how many. Raises `SurveyError`."""
    held = _locked(survey, Stage.DRAFT)
    if held.draw is None:
        raise SurveyError("uncommitted", "commit to the draw first")
    if not held.questions.exists():
        raise SurveyError("questions", "there is no question")
    if held.closes_on <= clock.today():
        raise SurveyError("closes", "it closes on a day to come")
    held.least = current(controller_id=held.controller_id, on=clock.today()).minimum_group
    people = queries.reach(controller=held.controller, segment=held.segment).people
    if not people or (held.anonymous and len(people) < held.least):
        raise SurveyError("nobody", "too few may be asked")
    held.secret = random_source.token_bytes(32)
    owner = {links.ticket(held, subject): subject for subject in people}
    draws.close(scope=scope, draw=held.draw, tickets=list(owner))
    wanted = held.sample or len(owner)
    if held.anonymous:
        wanted = max(wanted, held.least)
    chosen = [owner[ticket] for ticket in draws.draw_now(scope=scope, draw=held.draw, count=wanted)]
    held.stage, held.opened_at, held.asked = Stage.OPEN, clock.now(), len(chosen)
    held.save()
    if held.anonymous:
        made = urns.shuffled([Ballot(digest=links.digest(links.ballot(held, one)), survey=held) for one in chosen])
        Ballot.objects.bulk_create(made, batch_size=_AT_ONCE)
        urns.begin(held)
    _invite(held, chosen)
    _send(scope, held, chosen, "survey_invitation", "invitation")
    details = {"survey": held.pk, "asked": len(chosen), "anonymous": held.anonymous}
    append(type=events.OPENED, scope=scope, controller=held.controller_id, details=details)
    return len(chosen)


def remind(*, scope: Scope, survey: Survey) -> int:
    """Remind, once: in an anonymous survey everybody who was asked (nobody knows who has answered), else who has not
    answered; how many.
    """
    held = _locked(survey, Stage.OPEN)
    if held.reminded_at is not None:
        raise SurveyError("reminded", "they have been reminded")
    with queries.scope_of(held.controller):
        asked = set(Invitation.objects.filter(survey_id=held.pk).values_list("subject_id", flat=True))
        if not held.anonymous:
            asked -= set(Response.objects.filter(survey_id=held.pk).values_list("subject_id", flat=True))
    Survey.objects.filter(pk=held.pk).update(reminded_at=clock.now())
    _send(scope, held, sorted(asked), "survey_reminder", "reminder")
    details = {"survey": held.pk, "people": len(asked)}
    append(type=events.REMINDED, scope=scope, controller=held.controller_id, details=details)
    return len(asked)


def close(*, survey: Survey) -> int:
    """Close it: figures are made, and what they were made of is destroyed (anonymous) or left to its period. How many
    answers were counted. Outside every scope.
    """
    with transaction.atomic():
        held = _locked(survey, Stage.OPEN)
        questions = list(held.questions.order_by("position"))
        sheets = urns.emptied(held) if held.anonymous else _responses(held)
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
        held.stage, held.closed_at, held.secret = Stage.CLOSED, now, None
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
    """The worker's run: surveys whose day has come are closed; how many."""
    closed = 0
    due = Survey.objects.filter(stage=Stage.OPEN, closes_on__lte=clock.today()).select_related("controller")
    for survey in due.order_by("pk"):
        try:
            close(survey=survey)
            closed += 1
        except TillitError as failed:
            log.warning("survey_not_closed", survey=survey.pk, code=failed.code)
    return closed


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


def _invite(survey: Survey, people: Collection[int]) -> None:
    now = clock.now()
    with queries.scope_of(survey.controller):
        states = dict(Subject.objects.filter(id__in=people).values_list("id", "state"))
        Invitation.objects.bulk_create(
            [
                Invitation(subject_id=one, controller_id=survey.controller_id, state=states[one], survey_id=survey.pk,
                           invited_at=now, until=survey.closes_on)
                for one in people if one in states
            ],
            batch_size=_AT_ONCE,
        )  # fmt: skip


def _send(scope: Scope, survey: Survey, people: Collection[int], template: str, key: str) -> None:
    """The message says what for and whether it is anonymous; the link is made when it leaves."""
    language = current(controller_id=survey.controller_id, on=clock.today()).controller.languages[0]
    said = survey.texts.get(language) or next(iter(survey.texts.values()))
    values = {"survey": survey.pk, "title": said["title"], "purpose": said["purpose"], "least": survey.least}
    at = clock.now()
    for first in range(0, len(people), _AT_ONCE):
        send_many(
            scope=scope,
            controller_id=survey.controller_id,
            template=f"{template}_anonymous" if survey.anonymous else template,
            people=dict.fromkeys(list(people)[first : first + _AT_ONCE], values),
            at=at,
            key=f"survey:{survey.pk}:{key}",
            language=language,
        )


def _locked(survey: Survey, stage: Stage) -> Survey:
    held = Survey.objects.select_for_update(of=("self",)).select_related("controller", "draw").get(pk=survey.pk)
    if held.stage != stage:
        raise SurveyError("stage", f"the survey is {held.stage}")
    return held
