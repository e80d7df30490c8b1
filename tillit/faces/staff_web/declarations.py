"""The declaration as text: drafted with a live check, previewed, compared, approved, published (A2, A4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.declaration import drafts
from tillit.declaration.errors import DeclarationRefusedError, DraftConflictError, DraftError, Problem
from tillit.declaration.models import Draft
from tillit.declaration.publish import earliest
from tillit.declaration.statement import build, html
from tillit.declaration.statement.compare import comparison
from tillit.faces.jobs import tasks
from tillit.faces.member_web.requests import number_of
from tillit.faces.public_web.statements import names, spoken
from tillit.faces.signing_in import is_fresh
from tillit.faces.staff_web.access import Worker, fresh_page, staff_page, to_factor
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.parties.models import StaffMember
from tillit.parties.queries import holding

AROUND = 2
SENSITIVE = frozenset({"approve", "discard"})
"""Acts upon a draft that ask for a factor shown lately; publishing has a page of its own."""
_MOST_FAULTS = 50


@dataclass(frozen=True)
class Fault:
    """A fault beside the lines it is about: (number, text, whether it is the one)."""

    problem: Problem
    lines: tuple[tuple[int, str, bool], ...]


def writers_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for those who write the declaration here; others find nothing."""

    @wraps(view)
    def page(request: HttpRequest, worker: Worker, **values: Any) -> HttpResponse:
        if not worker.writes_declaration:
            raise Http404
        return view(request, worker, **values)

    return page


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
@writers_page
def overview(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The versions, the open draft and the drafts before it; a POST begins one."""
    controller = worker.site.controller
    if request.method == "POST":
        drafts.begin(controller=controller, actor=worker.actor, at=clock.now())
        return redirect("staff_draft", worker.site.key)
    context = worker.context(
        page="declaration",
        current=worker.site.version,
        versions=controller.versions.defer("document", "source_text", "files").order_by("-number"),
        draft=drafts.open_draft(controller_id=controller.pk),
        ended=Draft.objects.filter(controller=controller, ended_at__isnull=False).order_by("-id")[:50],
    )
    return render(request, "staff_web/declaration.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
@writers_page
def draft(request: HttpRequest, worker: Worker) -> HttpResponse:
    """A file of the draft as text; a POST checks what is typed, saves it, approves or discards the draft."""
    found = _open(worker)
    if found is None:
        return redirect("staff_declaration", worker.site.key)
    if request.method == "POST" and request.POST.get("act") in SENSITIVE and not is_fresh(request):
        return to_factor(request)
    files = drafts.texts(found)
    wanted = request.POST.get("file", request.GET.get("file", ""))
    file = wanted if wanted in files else found.main
    text, conflict, problem = files[file], "", ""
    if request.method == "POST":
        act, text = request.POST.get("act", ""), request.POST.get("text", files[file])
        try:
            done = "" if act == "check" else _act(request, worker, found, (act, file, text))
            if done == "discard":
                return redirect("staff_declaration", worker.site.key)
            if done:
                return redirect(f"{request.path}?file={file}")
        except DraftConflictError:
            conflict = "\n".join(drafts.compared({file: files[file]}, {file: text.replace("\r\n", "\n")}))
        except DraftError as error:
            problem = say_or(f"drafts.problem.{error.code}", error.message)
    checked = drafts.inspect(draft=found, changed={file: text.replace("\r\n", "\n")})
    context = worker.context(
        page="declaration",
        draft=found,
        files=list(files),
        file=file,
        text=text,
        conflict=conflict,
        problem=problem,
        checked=checked,
        faults=_beside(checked.faults, {**files, file: text}),
        odd=checked.odd,
        writers=_people(drafts.writers(found)),
        approved=found.approved_revision == found.revision,
        approver=_people({found.approved_by} if found.approved_by else set()),
        four_eyes=drafts.needs_approval(found),
        own=worker.staff.pk in drafts.writers(found),
    )
    status = 409 if conflict else 422 if problem else 200
    return render(request, "staff_web/draft.html", context, status=status)


@require_safe
@staff_page
@writers_page
def preview(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The statement that the draft makes, in a language, and what differs from what is published."""
    found = _open(worker)
    if found is None:
        return redirect("staff_declaration", worker.site.key)
    checked = drafts.inspect(draft=found)
    context = worker.context(page="declaration", draft=found, checked=checked)
    if checked.declaration is not None and not checked.faults:
        known = checked.declaration.controller.languages
        asked = request.GET.get("language", "")
        chosen = asked if asked in known else (language() if language() in known else known[0])
        context |= {
            "known": known,
            "chosen": chosen,
            "article": html.render_sections(build.statement(checked.declaration, chosen, names=names())),
            **_difference(worker, found, checked),
        }
    return render(request, "staff_web/draft_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@fresh_page
@writers_page
def publish(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What publishing would mean; a POST publishes. Whoever showed a factor too long ago shows one again."""
    found = _open(worker)
    if found is None:
        return redirect("staff_declaration", worker.site.key)
    problem, faults = "", tuple[Problem, ...]()
    if request.method == "POST":
        try:
            version = drafts.publish_draft(
                draft_id=found.pk,
                seen=number_of(request.POST.get("seen", "")),
                editors=holding(controller_id=worker.site.controller.pk, roles=drafts.EDITORS),
                actor=worker.actor,
                at=clock.now(),
            )
        except DeclarationRefusedError as refused:
            faults = tuple(refused.problems)
        except DraftError as error:
            problem = say_or(f"drafts.problem.{error.code}", error.message)
        else:
            tasks.start("changes")  # people are told at once, where they are owed it (A4)
            messages.success(request, say(language(), "drafts.published", number=version.number))
            return redirect("staff_declaration", worker.site.key)
    checked = drafts.inspect(draft=found)
    context = worker.context(
        page="declaration",
        draft=found,
        problem=problem,
        faults=_beside(faults or checked.faults, drafts.texts(found)),
        four_eyes=drafts.needs_approval(found),
        approved=found.approved_revision == found.revision,
        first=earliest(standing=drafts.latest_declaration(worker.site.controller), at=clock.now()),
        effective=checked.declaration.effective if checked.declaration else None,
        **_difference(worker, found, checked),
    )
    return render(request, "staff_web/draft_publish.html", context, status=422 if problem or faults else 200)


@require_safe
@staff_page
@writers_page
def history(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """The revisions of a draft, and what one changed."""
    found = Draft.objects.filter(pk=number_of(number), controller=worker.site.controller).first()
    if found is None:
        raise Http404
    revisions = list(found.revisions.defer("files").order_by("-number"))
    asked = request.GET.get("revision", "")
    shown = next((one for one in revisions if str(one.number) == asked), revisions[0])
    before = drafts.texts(found, revision=shown.number - 1) if shown.number > 1 else {}
    lines = drafts.compared(before, drafts.texts(found, revision=shown.number)) if before else []
    people = _people({one.staff_id for one in revisions})
    context = worker.context(
        page="declaration",
        draft=found,
        revisions=[(one, people.get(one.staff_id, "")) for one in revisions],
        shown=shown,
        lines="\n".join(lines),
    )
    return render(request, "staff_web/draft_history.html", context)


def _open(worker: Worker) -> Draft | None:
    return drafts.open_draft(controller_id=worker.site.controller.pk)


def _act(request: HttpRequest, worker: Worker, found: Draft, what: tuple[str, str, str]) -> str:
    """Do what the button says; what was done, '' for nothing. Raises `DraftError`."""
    act, file, text = what
    seen = number_of(request.POST.get("seen", ""))
    if act == "save":
        drafts.save(draft_id=found.pk, file=file, text=text, seen=seen, actor=worker.actor, at=clock.now())
    elif act == "approve":
        drafts.approve(draft_id=found.pk, seen=seen, actor=worker.actor)
    elif act == "discard":
        drafts.discard(draft_id=found.pk, seen=seen, actor=worker.actor, at=clock.now())
    else:
        return ""
    messages.success(request, say(language(), f"drafts.did.{act}"))
    return act


def _difference(worker: Worker, found: Draft, checked: drafts.Checked) -> dict[str, Any]:
    """The comparison with what is published, for the reader, and how many changes are material."""
    if checked.declaration is None or checked.faults:
        return {"material": 0, "other": 0}
    standing = drafts.latest_declaration(worker.site.controller)
    numbers = (str(found.based_on.number), say(language(), "drafts.draft"))
    document = comparison(standing, checked.declaration, list(checked.changes), spoken(worker.site), numbers=numbers)
    weighed = [change.material for change in checked.changes]
    return {"verdict": html.render_sections(document), "material": sum(weighed), "other": len(weighed) - sum(weighed)}


def _beside(problems: tuple[Problem, ...], files: Mapping[str, str]) -> list[Fault]:
    """Each fault with the lines around it."""
    found = []
    for problem in problems[:_MOST_FAULTS]:
        lines = files.get(problem.file, "").replace("\r\n", "\n").split("\n")
        first, last = max(1, problem.line - AROUND), min(len(lines), problem.line + AROUND)
        around = [(n, lines[n - 1], n == problem.line) for n in range(first, last + 1)] if problem.line else []
        found.append(Fault(problem, tuple(around)))
    return found


def _people(ids: set[int]) -> dict[int, str]:
    return dict(StaffMember.objects.filter(pk__in=ids).values_list("pk", "name"))
