"""Answering a survey: purpose and anonymity first, then the questions; works without scripts (F7).

Nothing here asks who the reader is: no session, no cookie, no count of visits, no script. The link is all that is
needed, so the form needs no token against forgery either, and sets no cookie for one.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tillit.consent.errors import NotLawfulError
from tillit.faces.form_notices import said_on
from tillit.faces.site import site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.outreach.surveys import answering
from tillit.outreach.surveys.errors import AnswerError
from tillit.outreach.surveys.models import Kind, Question, Survey
from tillit.outreach.surveys.queries import prize


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, controller: str, number: int, token: str) -> HttpResponse:
    """The questions, or thanks; 404 for a link that is none of ours."""
    site = site_or_404(controller)
    here: dict[str, Any] = {"controller_id": site.controller.pk, "number": number, "token": token}
    problem = None
    context: dict[str, Any] = {"site": site, "plain": True}
    if request.method == "POST":
        try:
            done = answering.answer(**here, form=dict(request.POST.lists()))
        except (AnswerError, NotLawfulError) as refused:
            problem = refused
        else:
            thanked = {**context, "survey": done, "prize": prize(done)}
            return render(request, "public_web/survey_thanks.html", thanked)
    try:
        found, questions = answering.asked(**here)
    except AnswerError as refused:
        if refused.code == "link" and problem is None and not _known(number, site.controller.pk):
            raise Http404 from None
        return render(request, "public_web/survey_over.html", {**context, "problem": refused.code}, status=410)
    at_fault = getattr(problem, "question", 0)
    context |= {
        "survey": found,
        "said": None if found.anonymous else said_on(site, "survey"),
        "questions": shown(questions, request.POST),
        "problem": problem.code if problem else "",
        "at_fault": at_fault,
    }
    return render(request, "public_web/survey.html", context, status=422 if problem else 200)


def shown(questions: list[Question], given: Any) -> list[dict[str, Any]]:
    """The questions in the reader's language, with what was filled in."""
    found = []
    for place, question in enumerate(questions, start=1):
        said = question.texts.get(language()) or next(iter(question.texts.values()))
        chosen = given.getlist(f"q{question.pk}") if hasattr(given, "getlist") else []
        options = list(enumerate(said.get("options", ())))
        if question.kind == Kind.SCALE and question.low is not None and question.high is not None:
            options = [(value, str(value)) for value in range(question.low, question.high + 1)]
        found.append(
            {
                "question": question,
                "place": place,
                "text": said["text"],
                "options": [(value, text, str(value) in chosen) for value, text in options],
                "typed": chosen[0] if chosen else "",
            }
        )
    return found


def _known(number: int, controller_id: int) -> bool:
    return Survey.objects.filter(pk=number, controller_id=controller_id).exclude(stage="draft").exists()
