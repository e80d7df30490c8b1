"""The long part of a survey, in a job: whom a draft may ask is counted, people are drawn, messages put out (F7).

A draw is one transaction. Messages are put out some hundred at a time, each part in a transaction that also notes who
they went to: a worker that is killed anywhere leaves parts that are whole, and the next goes on with who waits.
"""

import secrets as random_source
from collections.abc import Callable, Collection
from time import monotonic

import structlog
from django.db import InterfaceError, OperationalError, transaction

from tillit.audit.operations import append
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope
from tillit.messages.operations import send_many
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.draws import operations as draws
from tillit.outreach.surveys import events, links, queries, urns
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Ballot, Stage, Survey
from tillit.outreach.surveys.operations import ready
from tillit.outreach.surveys.people import Invitation, Response, Told
from tillit.parties.operations import lock_subjects

AT_ONCE = 500
RUN = 45.0
"""Seconds a run lasts at most; what is left is done by the next."""
_ROWS = 2000
log = structlog.get_logger(__name__)


def run_everywhere(*, seconds: float = RUN) -> int:
    """Count for drafts, draw what was begun, and put out messages until nobody waits or the time is up; how many people
    were reached for.
    """
    until, reached = monotonic() + seconds, 0
    for survey in Survey.objects.filter(stage=Stage.DRAFT, counted_at=None).select_related("controller").order_by("pk"):
        _carefully(survey, count)
    for survey in Survey.objects.filter(stage=Stage.DRAWING).order_by("pk"):
        _carefully(survey, draw)
    for survey in Survey.objects.filter(stage=Stage.OPEN, sending=True).order_by("pk"):
        while monotonic() < until and (put := put_next(survey=survey)):
            reached += put
    return reached


def count(survey: Survey) -> None:
    """Whom a draft may ask now, and why not others, as the desk is told."""
    now = clock.now()
    told = queries.shown_reach(controller=survey.controller, segment=survey.segment)
    as_it_was = Survey.objects.filter(pk=survey.pk, segment=survey.segment)
    as_it_was.update(counted=told, counted_at=now)  # another segment: counted by the next run


def draw(survey: Survey) -> int:
    """Draw whom to ask, so that the survey is open; how many. Raises `SurveyError`."""
    with transaction.atomic():
        mine = Survey.objects.select_for_update(of=("self",)).select_related("controller", "draw").get(pk=survey.pk)
        if mine.stage != Stage.DRAWING:
            return 0
        ready(mine)
        mine.least = current(controller_id=mine.controller_id, on=clock.today()).minimum_group
        people = queries.reach(controller=mine.controller, segment=mine.segment).people
        if not people or (mine.anonymous and len(people) < mine.least):
            raise SurveyError("nobody", "too few may be asked")
        mine.secret = random_source.token_bytes(32)
        owner = {links.ticket(mine, subject): subject for subject in people}
        wanted = mine.sample or len(owner)
        if mine.anonymous:
            wanted = max(wanted, mine.least)
        with queries.scope_of(mine.controller) as scope:
            assert mine.draw is not None  # noqa: S101 (`ready`)
            draws.close(scope=scope, draw=mine.draw, tickets=list(owner))
            chosen = [owner[ticket] for ticket in draws.draw_now(scope=scope, draw=mine.draw, count=wanted)]
            mine.stage, mine.opened_at, mine.asked, mine.sending = Stage.OPEN, clock.now(), len(chosen), True
            mine.save()
            if mine.anonymous:
                made = [Ballot(digest=links.digest(links.ballot(mine, one)), survey=mine) for one in chosen]
                Ballot.objects.bulk_create(urns.shuffled(made), batch_size=_ROWS)
                urns.begin(mine)
            _note(scope, mine, chosen)
            details = {"survey": mine.pk, "asked": len(chosen), "anonymous": mine.anonymous}
            append(type=events.OPENED, scope=scope, controller=mine.controller_id, details=details)
    return len(chosen)


def put_next(*, survey: Survey) -> int:
    """Put the message that is due out to the next people, in one transaction; of how many it is decided."""
    with transaction.atomic():
        mine = (
            Survey.objects.select_for_update(no_key=True, of=("self",)).select_related("controller").get(pk=survey.pk)
        )
        if mine.stage != Stage.OPEN or not mine.sending:
            return 0
        if mine.closes_on <= clock.today():
            Survey.objects.filter(pk=mine.pk).update(sending=False)
            return 0
        due = queries.due(mine)
        with queries.scope_of(mine.controller) as scope:
            asked = Invitation.objects.filter(survey_id=mine.pk)
            waiting = asked.filter(told__lt=due).order_by("told", "subject_id")
            people = list(waiting.values_list("subject_id", flat=True)[:AT_ONCE])
            if not people:
                Survey.objects.filter(pk=mine.pk).update(sending=False)
                return 0
            there = set(lock_subjects(scope=scope, subject_ids=people))
            if due == Told.REMINDER and not mine.anonymous:
                answered = Response.objects.filter(survey_id=mine.pk, subject_id__in=people)
                there -= set(answered.values_list("subject_id", flat=True))
            _send(scope, mine, sorted(there), due)
            asked.filter(subject_id__in=people).update(told=due)
    return len(people)


def _carefully(survey: Survey, step: Callable[[Survey], object]) -> None:
    """Do a step of one survey; what cannot be done is said on its page, and it is a draft again."""
    try:
        step(survey)
    except (OperationalError, InterfaceError):
        raise  # the database is away: nothing is wrong with the survey
    except TillitError as failed:
        log.warning("survey_not_begun", survey=survey.pk, code=failed.code)
        code = failed.code if isinstance(failed, SurveyError) else "failed"
        code = "segment" if isinstance(failed, CampaignError) else code
        begun = Survey.objects.filter(pk=survey.pk, stage__in=[Stage.DRAFT, Stage.DRAWING])
        begun.update(stage=Stage.DRAFT, problem=code, counted_at=clock.now())


def _note(scope: Scope, survey: Survey, people: Collection[int]) -> None:
    now = clock.now()
    states = lock_subjects(scope=scope, subject_ids=people)
    Invitation.objects.bulk_create(
        [
            Invitation(subject_id=one, controller_id=survey.controller_id, state=state, survey_id=survey.pk,
                       invited_at=now, until=survey.closes_on)
            for one, state in states.items()
        ],
        batch_size=_ROWS,
    )  # fmt: skip


def _send(scope: Scope, survey: Survey, people: Collection[int], due: Told) -> None:
    """The message says what for and whether it is anonymous; the link is made when it leaves."""
    if not people:
        return
    key = "invitation" if due == Told.INVITATION else "reminder"
    language = current(controller_id=survey.controller_id, on=clock.today()).controller.languages[0]
    said = survey.texts.get(language) or next(iter(survey.texts.values()))
    values = {"survey": survey.pk, "title": said["title"], "purpose": said["purpose"], "least": survey.least}
    send_many(
        scope=scope,
        controller_id=survey.controller_id,
        template=f"survey_{key}_anonymous" if survey.anonymous else f"survey_{key}",
        people=dict.fromkeys(people, values),
        at=clock.now(),
        key=f"survey:{survey.pk}:{key}",
        language=language,
    )
