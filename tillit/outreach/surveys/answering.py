"""Answering a survey by its link (F7). Nothing of an anonymous answer is logged, recorded or timed."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from tillit.consent.queries import may
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.surveys import links, urns
from tillit.outreach.surveys.errors import AnswerError
from tillit.outreach.surveys.models import Ballot, Question, Stage, Survey
from tillit.outreach.surveys.people import Invitation, Response
from tillit.outreach.surveys.sheets import read
from tillit.parties.operations import lock_subject


def asked(*, controller_id: int, number: int, token: str) -> tuple[Survey, list[Question]]:
    """The survey that a link leads to, and its questions. Raises `AnswerError` `link` or `over`."""
    survey = Survey.objects.select_related("controller").filter(pk=number, controller_id=controller_id).first()
    if survey is None or survey.stage == Stage.DRAFT:
        raise AnswerError("link", "there is no such survey")
    if survey.stage == Stage.CLOSED or survey.closes_on <= clock.today():
        raise AnswerError("over", "the survey is closed")
    if survey.anonymous:
        known = Ballot.objects.filter(digest=links.digest(token), survey=survey).exists()
    else:
        subject = links.person(survey, token)
        known = subject is not None and _waits(survey, subject)
    if not known:
        raise AnswerError("link", "the link is used, or is none")
    return survey, list(survey.questions.order_by("position"))


def answer(*, controller_id: int, number: int, token: str, form: Mapping[str, Sequence[str]]) -> Survey:
    """Take an answer in, once. Raises `AnswerError`. Outside every scope."""
    with transaction.atomic():
        Survey.objects.select_for_update(of=("self",)).filter(pk=number).first()
        survey, questions = asked(controller_id=controller_id, number=number, token=token)
        sheet = read(questions, form)
        if survey.anonymous:
            Ballot.objects.filter(digest=links.digest(token), survey=survey).delete()
            urns.put_in(survey, sheet)
            return survey
        subject = links.person(survey, token)
        assert subject is not None  # noqa: S101 (`asked` found it)
        may(controller_id=controller_id, activity="surveys", subject_id=subject).require()
        with _scope(survey, subject) as scope:
            Response.objects.create(
                subject_id=subject,
                controller_id=controller_id,
                state=lock_subject(scope=scope, subject_id=subject),
                survey_id=survey.pk,
                answers=sheet,
                answered_at=clock.now(),
            )
    return survey


def _waits(survey: Survey, subject: int) -> bool:
    """Whether the person was asked, and has not answered."""
    with _scope(survey, subject):
        invited = Invitation.objects.filter(subject_id=subject, survey_id=survey.pk).exists()
        return invited and not Response.objects.filter(subject_id=subject, survey_id=survey.pk).exists()


def _scope(survey: Survey, subject: int) -> Scope:
    return Scope(system("surveys", {survey.controller_id}), "surveys", frozenset({subject}))
