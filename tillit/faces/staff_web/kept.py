"""Things of a kind that staff keep at the desk: a list of them, a page for a new one, a page of each, in one frame.

The kind's name gives addresses and templates: `seminar` has `staff_seminars`, `staff_seminar_new`, `staff_seminar`, and
`staff_web/seminars.html`, `seminar_new.html`, `seminar.html`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.faces.paging import page_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope

ON_A_PAGE = 25
GONE = "discarded"
"""What `act` says when the thing is no more: the list is shown."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One kind. words: its texts. may: who works with it; anybody else finds nothing. activity: what its scope is for.

    rows: the list. make: a new one from the form, in a scope; its number. found: the one of a number, or 404. act: does
    what a POST of its page asks; which of the texts to say, '' for none. form, shown, listing: more for the pages;
    `shown` is told the problem there was, '' for none.
    """

    name: str
    words: str
    may: Callable[[Worker], bool]
    activity: str
    refused: type[TillitError]
    rows: Callable[[HttpRequest, Worker], QuerySet[Any]]
    make: Callable[[HttpRequest, Worker, Scope], int]
    found: Callable[[Worker, int], Any]
    act: Callable[[HttpRequest, Worker, Any], str]
    form: Callable[[HttpRequest, Worker], dict[str, Any]]
    shown: Callable[[HttpRequest, Worker, Any, str], dict[str, Any]]
    listing: Callable[[HttpRequest, Worker, Sequence[Any]], dict[str, Any]] = lambda _request, _worker, _rows: {}
    scoped: bool = False
    """Whether the list is of people: read in the scope."""

    @property
    def listed(self) -> Callable[..., HttpResponse]:
        """The list."""

        @require_safe
        @staff_page
        def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
            self.allow(worker)
            if self.scoped:
                with scope_of(worker, self.activity):
                    rows = page_of(request, self.rows(request, worker), ON_A_PAGE)
            else:
                rows = page_of(request, self.rows(request, worker), ON_A_PAGE)
            context = worker.context(page=f"{self.name}s", rows=rows, **self.listing(request, worker, rows.rows))
            return render(request, f"staff_web/{self.name}s.html", context)

        return listed

    @property
    def new(self) -> Callable[..., HttpResponse]:
        """The page for a new one; a POST makes it."""

        @require_http_methods(["GET", "HEAD", "POST"])
        @staff_page
        def new(request: HttpRequest, worker: Worker) -> HttpResponse:
            self.allow(worker)
            problem = ""
            if request.method == "POST":
                try:
                    with scope_of(worker, self.activity) as scope:
                        made = self.make(request, worker, scope)
                    return redirect(f"staff_{self.name}", worker.site.key, made)
                except self.refused as refused:
                    problem = refused.code
            context = worker.context(page=f"{self.name}s", problem=problem, **self.form(request, worker))
            return render(request, f"staff_web/{self.name}_new.html", context, status=422 if problem else 200)

        return new

    @property
    def one(self) -> Callable[..., HttpResponse]:
        """One as it stands; a POST does the next step, and says what it did."""

        @require_http_methods(["GET", "HEAD", "POST"])
        @staff_page
        def one(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
            self.allow(worker)
            thing, problem = self.found(worker, number), ""
            if request.method == "POST":
                try:
                    told = self.act(request, worker, thing)
                except self.refused as refused:
                    problem = refused.code
                else:
                    if told:
                        messages.success(request, say(language(), f"{self.words}.{told}"))
                    return redirect(f"staff_{self.name}s", worker.site.key) if told == GONE else redirect(request.path)
                thing = self.found(worker, number)
            context = worker.context(
                page=f"{self.name}s", problem=problem, **self.shown(request, worker, thing, problem)
            )
            return render(request, f"staff_web/{self.name}.html", context, status=422 if problem else 200)

        return one

    def allow(self, worker: Worker) -> None:
        """404 for who does not work with it."""
        if not self.may(worker):
            raise Http404


def scope_of(worker: Worker, activity: str) -> Scope:
    """The worker's scope for an activity at the controller of the page."""
    return Scope(worker.actor, activity, controllers=frozenset({worker.site.controller.pk}))


def looked(scope: Scope, worker: Worker, subjects: Sequence[int], *categories: str) -> None:
    """It is on record, for each person shown, who looked at what and why (A9)."""
    if subjects:
        details = {"purpose": scope.activity, "categories": sorted(categories)}
        here = worker.site.controller.pk
        append(type=PERSON_READ, scope=scope, controller=here, subjects=sorted(set(subjects)), details=details)
