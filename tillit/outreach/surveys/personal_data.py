"""What surveys answer for."""

from typing import Any

from tillit.declaration.registry import after_restore, domain_check, domain_trial, not_personal, personal, transient
from tillit.outreach.surveys import links, proof  # noqa: F401 (links: how a message's link is made)
from tillit.outreach.surveys.models import Ballot, Figure, Question, Remark, Survey, Urn
from tillit.outreach.surveys.people import Invitation, Response

_FIGURES = "the figures of a survey stand in surveys_figure once it is closed"
personal(Invitation, category="survey_answer", clocks={"answered": "until"}, figures="how many were asked")
personal(Response, category="survey_answer", clocks={"answered": "answered_at"}, figures=_FIGURES)
not_personal(Survey, because="what a survey says, how many were asked and have answered")
not_personal(Question, because="questions")
not_personal(Figure, because="figures of at least the minimum group")
_COMPARED = "who compares two dumps, with the installation's secrets, would see what came in between them"
not_personal(
    Ballot,
    because="digests of keyed numbers; whose they are is in no row, and the key is not in the database",
    not_backed_up=_COMPARED,
)
not_personal(
    Urn, because="anonymous answers, sealed and mixed, without person, time or number", not_backed_up=_COMPARED
)
after_restore(__file__, "restored", "not_again")
transient(
    Remark,
    because="what people wrote in anonymous surveys, without anything to link it: they may have said who they are",
    kept="P1Y",
    clock_column="closed_at",
)


def _promised(declared: Any) -> str:
    return "activities.surveys" if declared.activity("surveys") else ""


domain_check("surveys", __file__, "proof", "surveys", promised=_promised)
domain_trial("anonymous_surveys", trial=proof.anonymous, promised=_promised)
