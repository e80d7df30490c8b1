"""Applications for work at the desk: who applied, the files, what is thought, interview and answer (H16)."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases.files import ENDINGS
from tillit.faces.paging import page_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.kept import looked, scope_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel.scope import Scope
from tillit.office.recruitment import operations, queries
from tillit.office.recruitment.errors import ApplicationError
from tillit.office.recruitment.models import Stage

ON_A_PAGE = 25
_MOVES = {
    Stage.RECEIVED: (Stage.INTERVIEW, Stage.HIRED, Stage.DECLINED, Stage.WITHDRAWN),
    Stage.INTERVIEW: (Stage.HIRED, Stage.DECLINED, Stage.WITHDRAWN),
}


@require_safe
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The applications, those that wait for an answer first. On record for who is shown."""
    with _scope(worker) as scope:
        page = page_of(request, queries.of(controller=worker.site.controller), ON_A_PAGE)
        people = queries.listed(page.rows)
        _read(scope, worker, people)
    return render(request, "staff_web/applications.html", worker.context(page="applications", rows=page, people=people))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def one(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """An application; a POST notes what is thought, calls to an interview or answers."""
    problem = ""
    with _scope(worker) as scope:
        found = _found(worker, number)
        if request.method == "POST":
            try:
                told = _act(request, scope, found)
            except ApplicationError as refused:
                problem = refused.code
            else:
                messages.success(request, say(language(), told))
                return redirect(request.path)
        _read(scope, worker, [found])
        context = worker.context(
            page="applications",
            one=found,
            files=queries.files_of(found.row),
            moves=_MOVES.get(Stage(found.row.stage), ()),
            problem=problem,
        )
    return render(request, "staff_web/application.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def file(request: HttpRequest, worker: Worker, number: int, document: int) -> HttpResponse:
    """A file of an application, to be saved."""
    with _scope(worker) as scope:
        found = _found(worker, number)
        kept = queries.file_of(application=found.row, file_id=document)
        if kept is None:
            raise Http404
        _read(scope, worker, [found])
        body = operations.contents(scope=scope, file=kept)
    name = f"application-{number}-{document}.{ENDINGS[kept.media_type]}"
    heads = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=kept.media_type, headers=heads)


def _act(request: HttpRequest, scope: Scope, found: queries.Listed) -> str:
    act = request.POST.get("act", "")
    if act == "note":
        operations.note(scope=scope, application=found.row, assessment=request.POST.get("assessment", ""))
        return "application_desk.noted"
    operations.move(scope=scope, application=found.row, stage=act)
    return "application_desk.moved"


def _found(worker: Worker, number: int) -> queries.Listed:
    found = queries.listed(list(queries.of(controller=worker.site.controller).filter(id=number)))
    if not found:
        raise Http404
    return found[0]


def _read(scope: Scope, worker: Worker, rows: Sequence[queries.Listed]) -> None:
    looked(scope, worker, [one.row.subject_id for one in rows], "application", "contact", "identity")


def _scope(worker: Worker) -> Scope:
    if not worker.recruits:
        raise Http404
    return scope_of(worker, operations.ACTIVITY)
