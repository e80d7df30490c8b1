"""Files of staff: sent, looked through, taken in by the job with progress, and what became of them (C5)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.cases.errors import CaseError
from tillit.faces.jobs import tasks
from tillit.faces.member_web.requests import number_of
from tillit.faces.paging import page_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import say
from tillit.faces.uploads import LARGEST, uploaded
from tillit.journeys.files import sending
from tillit.journeys.files.errors import SentFileError
from tillit.journeys.files.kinds import FileKind, open_to
from tillit.journeys.models import FileState, SentFile
from tillit.kernel.errors import TillitError

SIZE = 20
JOB = "files_in"
UNDER_WAY = (FileState.WAITING, FileState.RUNNING)


def waiting(worker: Worker) -> int:
    """How many rows wait for somebody, of the kinds the worker handles."""
    kinds = [kind for kind in open_to(actor=worker.actor, controller=worker.site.controller) if kind.rows]
    return sum(
        sum(kind.rows.codes(target=target.key).values())
        for kind in kinds
        for target in kind.targets(worker.site.controller)
        if kind.rows is not None
    )


def kinds_of(worker: Worker) -> list[FileKind]:
    """The kinds the worker sends; nobody finds the page who sends none."""
    found = open_to(actor=worker.actor, controller=worker.site.controller)
    if not found:
        raise Http404
    return found


def said_of(error: TillitError) -> str:
    """Why a file was refused, in words: the page's own, else what the reader of the file says."""
    return say_or(f"imports.problem.{error.code}", f"{say(language(), 'imports.problem.other')} ({error.code})")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The form and the files sent before; a POST looks a file through."""
    kinds = kinds_of(worker)
    controller, problem = worker.site.controller, ""
    chosen = {key: request.POST.get(key, request.GET.get(key, ""))[:60] for key in ("kind", "target")}
    if request.method == "POST":
        try:
            kind_key, _, target = request.POST.get("for", "").partition(":")
            kind = next((one for one in kinds if one.key == kind_key), None)
            if kind is None:
                raise SentFileError("target-unknown", "no such kind")
            sent, body = request.FILES.get("file"), uploaded(request, "file")
            file = sending.send(
                kind=kind,
                target=target,
                name=(sent.name if sent else "") or "",
                body=body[0] if body else b"",
                actor=worker.actor,
                controller=controller,
            )
        except (TillitError, CaseError) as error:
            problem = said_of(error)
        else:
            return redirect("staff_import", worker.site.key, file.pk)
    files = SentFile.objects.filter(controller=controller, kind__in=[kind.key for kind in kinds]).order_by("-id")
    context = worker.context(
        page="imports",
        offered=[(kind, kind.targets(controller)) for kind in kinds],
        chosen=chosen | {"for": request.POST.get("for", "")},
        files=page_of(request, files, SIZE),
        rows=waiting(worker),
        largest=LARGEST // 1_000_000,
        problem=problem,
    )
    return render(request, "staff_web/imports.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def one(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One file: what the dry run found, how far it is, what became of it; a POST confirms or discards it."""
    file, kind = found_file(worker, number)
    if request.method == "POST":
        here: dict[str, Any] = {"file_id": file.pk, "actor": worker.actor, "controller": worker.site.controller}
        try:
            if request.POST.get("act") == "confirm":
                sending.confirm(**here, approve=bool(request.POST.get("approve")))
                tasks.start(JOB)
            elif request.POST.get("act") == "go_on":
                sending.go_on(**here)
                tasks.start(JOB)
            elif request.POST.get("act") == "discard":
                sending.discard(**here)
                messages.success(request, say(language(), "imports.discarded"))
        except SentFileError as error:
            messages.error(request, said_of(error))
        return redirect("staff_import", worker.site.key, file.pk)
    moving = file.state in UNDER_WAY
    context = worker.context(
        page="imports",
        file=file,
        kind=kind,
        target=target_name(kind, worker, file.target),
        progress=kind.progress(file.target, file.digest) if file.state == FileState.RUNNING else None,
        moving=moving,
        words=_words(kind, file),
        counts=[
            (name, count, (file.result.get("before") or {}).get(name))
            for name, count in (file.result.get("counts") or file.found.get("counts") or {}).items()
        ],
        compared=bool(file.result.get("before")),
        problem=said_of(SentFileError(file.problem, "")) if file.problem else "",
        rows_left=_left(kind, file),
    )
    return render(request, "staff_web/import.html", context)


def found_file(worker: Worker, number: str) -> tuple[SentFile, FileKind]:
    """A file of the worker's controller and its kind, if they send such files."""
    kinds = {kind.key: kind for kind in kinds_of(worker)}
    file = SentFile.objects.filter(pk=number_of(number), controller=worker.site.controller, kind__in=kinds).first()
    if file is None:
        raise Http404
    return file, kinds[file.kind]


def target_name(kind: FileKind, worker: Worker, key: str) -> str:
    """What the target is called."""
    found = next((one for one in kind.targets(worker.site.controller) if one.key == key), None)
    if found is None:
        return key
    return f"{found.name}, {say(language(), f'imports.part.{found.part}')}" if found.part else found.name


def _words(kind: FileKind, file: SentFile) -> list[tuple[str, str, int]]:
    """(reason, its words, rows) of what was or would be put aside, the most first."""
    reasons = (file.result or file.found).get("reasons") or {}
    tell = kind.rows.words if kind.rows else (lambda code, language: code)
    return [(code, tell(code, language()), count) for code, count in sorted(reasons.items(), key=lambda x: -x[1])]


def _left(kind: FileKind, file: SentFile) -> int:
    if kind.rows is None or file.reference is None or file.state != FileState.DONE:
        return 0
    return kind.rows.listed(target=file.target, reference=file.reference, code="", offset=0, limit=1)[1]
