"""Whom a survey may ask and why not others; the surveys there are; what was found out (F7)."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum

from tillit.consent.queries import reasons
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.grouping import ROUNDED_TO
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.campaigns import figures
from tillit.outreach.campaigns.segments import picked
from tillit.outreach.competitions.queries import open_one
from tillit.outreach.surveys.models import Figure, Question, Remark, Stage, Survey, Urn
from tillit.outreach.surveys.people import Invitation, Response, Told

ACTIVITY = "surveys"


@dataclass(frozen=True)
class Reach:
    """Who may be asked now, and reason → how many others may not."""

    people: tuple[int, ...]
    excluded: dict[str, int]


@dataclass(frozen=True)
class Found:
    """What is known of one question once the survey is closed. shares: what may be told of each label."""

    question: Question
    shares: list[Figure]
    mean: float | None
    answered: int
    remarks: QuerySet[Remark]


def reach(*, controller: Controller, segment: dict[str, Any] | None = None) -> Reach:
    """Everybody the activity applies to: who may be asked and meets the conditions, and why the others may not."""
    answers = reasons(controller_id=controller.pk, activity=ACTIVITY)
    people = tuple(sorted(subject for subject, reason in answers.items() if not reason))
    told = Counter(reason for reason in answers.values() if reason)
    if segment:
        with scope_of(controller):
            chosen = picked(controller=controller, activity=ACTIVITY, segment=segment, people=people)
        told["not-picked"] = len(people) - len(chosen)
        people = tuple(one for one in people if one in chosen)
    return Reach(people, dict(sorted(told.items())))


def shown_reach(*, controller: Controller, segment: dict[str, Any] | None = None) -> dict[str, int | None]:
    """What the desk is shown: how many may be asked ('' as key), and reason → how many may not; None where it is
    withheld: fewer than the minimum group, or they could be found from the others (`figures.told`).
    """
    least = current(controller_id=controller.pk, on=clock.today()).minimum_group
    counted = reach(controller=controller, segment=segment)
    return figures.told({"": len(counted.people), **counted.excluded}, least=least, fixed=True).parts


def progress(survey: Survey) -> tuple[int, int] | None:
    """Of an open survey whose messages are being put out: to how many the one that is due is, and to how many it goes.
    None where nobody waits.
    """
    if survey.stage != Stage.OPEN or not survey.sending:
        return None
    with scope_of(survey.controller):
        asked = Invitation.objects.filter(survey_id=survey.pk)
        return asked.filter(told__gte=due(survey)).count(), asked.count()


def due(survey: Survey) -> Told:
    """The last message that who was drawn gets, as it stands."""
    return Told.INVITATION if survey.reminded_at is None else Told.REMINDER


def surveys(*, controller: Controller) -> QuerySet[Survey]:
    """The controller's surveys, the newest first."""
    return Survey.objects.filter(controller=controller).order_by("-made_at")


def answered(survey: Survey) -> int:
    """How many have answered: exactly once it is closed; while an anonymous one is open, rounded down to fives, so that
    nobody sees a colleague's answer come in.
    """
    if survey.stage != Stage.OPEN:
        return survey.answers
    if survey.anonymous:
        held = Urn.objects.filter(survey=survey).aggregate(held=Sum("held"))["held"] or 0
        return int(held - held % ROUNDED_TO)
    with scope_of(survey.controller):
        return Response.objects.filter(survey_id=survey.pk).count()


def results(survey: Survey) -> list[Found]:
    """What may be told, question by question."""
    found = []
    for question in survey.questions.order_by("position"):
        told = list(question.figures.order_by("position"))
        mean = next((one.people / 100 for one in told if one.label == "mean"), None)
        shares = [one for one in told if one.label != "mean"]
        remarks = question.remarks.order_by("pk")
        found.append(Found(question, shares, mean, told[0].answered if told else 0, remarks))
    return found


def scope_of(controller: Controller) -> Scope:
    """The scope in which surveys run."""
    return Scope(system("surveys", {controller.pk}), ACTIVITY)


def prize(survey: Survey) -> int | None:
    """The number of the competition offered after the survey, while it may be entered."""
    found = open_one(controller_id=survey.controller_id, number=survey.prize)
    return found.pk if found else None
