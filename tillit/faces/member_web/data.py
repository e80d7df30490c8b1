"""Your data: what we hold, why, from where, until when; who has looked; all of it to take away (H1, A9)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.audit.models import Event
from tillit.audit.queries import about
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity, CategoryUse, Declaration
from tillit.declaration.statement.wording import Words, sentence
from tillit.declaration.vocabulary import category_key
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.events import told
from tillit.faces.paging import Page, page_of
from tillit.faces.public_web.statements import spoken
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.parties.models import Fact, SealedFact
from tillit.privacy import access, export
from tillit.privacy.outlook import Cell, outlook
from tillit.privacy.prove.member import state_of

FORMS = {
    "zip": ("application/zip", export.as_zip),
    "json": ("application/json", export.as_json),
    "pdf": ("application/pdf", export.as_pdf),
}
LOOKS_A_PAGE = 50


@dataclass(frozen=True)
class Known:
    """One item with its value: a name, an address …"""

    kind: str
    value: str
    source: str
    since: date
    collected_under: str


@dataclass(frozen=True)
class Held:
    """What one controller holds in one category."""

    controller: str
    category: str
    use: CategoryUse | None
    why: list[Activity]
    rows: int
    open: bool
    first: date | None
    last: date | None
    kept: list[str]
    archived: bool
    on_hold: bool
    broken: bool
    items: list[Known]


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Every category we hold something in, in the order of the vocabulary."""
    with member.scope("rights_requests"):
        cells = [cell for one in sorted(member.people) for cell in outlook(subject_id=one)]
        items = _items(member.people)
        groups = _grouped(cells)
    names = dict(Controller.objects.values_list("id", "name"))
    held = [_held(key, group, items.get(key, []), names, spoken(member.site)) for key, group in groups.items()]
    several = len({key[0] for key in groups}) > 1
    return render(request, "member_web/your_data.html", member.context(page="your_data", held=held, several=several))


@require_safe
@member_page
def who_looked(request: HttpRequest, member: Member) -> HttpResponse:
    """The log of look-ups and changes, newest first: role and purpose, never a colleague's name."""
    with member.scope("rights_requests") as scope:
        rows: Page[Event] = page_of(
            request, about(scope=scope, subject_id=member.subject_id, others=member.people), LOOKS_A_PAGE
        )
    return render(request, "member_web/who_looked.html", member.context(page="your_data", rows=rows, events=told(rows)))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def download(request: HttpRequest, member: Member) -> HttpResponse:
    """Everything as files. A POST makes them, since making them is on record."""
    form = request.POST.get("form", "")
    if request.method != "POST" or form not in FORMS:
        return render(request, "member_web/download.html", member.context(page="your_data"))
    answer = access.collect(actor=member.actor, subject_id=member.subject_id, language=spoken(member.site))
    kind, make = FORMS[form]
    name = f"{member.site.key}-{clock.today().isoformat()}.{form}"
    return HttpResponse(
        make(answer), content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _grouped(cells: list[Cell]) -> dict[tuple[int, str], list[Cell]]:
    groups: dict[tuple[int, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.controller_id, cell.category), []).append(cell)
    return groups


def _items(people: frozenset[int]) -> dict[tuple[int, str], list[Known]]:
    """The facts themselves; of a sealed one its last four digits. Needs the open scope."""
    found: dict[tuple[int, str], list[Known]] = {}
    facts = Fact.objects.filter(subject_id__in=people, superseded_at__isnull=True).order_by("kind")
    sealed = SealedFact.objects.filter(subject_id__in=people, superseded_at__isnull=True).order_by("kind")
    rows: list[Fact | SealedFact] = [*facts, *sealed]
    for row in rows:
        value = row.value if isinstance(row, Fact) else f"•••• {row.last_four}".strip()
        since = clock.local_date(row.collected_at)
        item = Known(row.kind, value, row.source, since, row.collected_under)
        found.setdefault((row.controller_id, category_key(row.category)), []).append(item)
    return found


def _held(key: tuple[int, str], cells: list[Cell], items: list[Known], names: dict[int, str], language: str) -> Held:
    controller_id, category = key
    declared = _declaration(controller_id)
    words = Words(declared, language) if declared else None
    lasts = [cell.last for cell in cells]
    firsts = [cell.first for cell in cells if cell.first]
    rules: dict[str, Any] = {rule.key: rule for cell in cells for rule in cell.rules}
    return Held(
        controller=names[controller_id],
        category=category,
        use=next((use for use in declared.categories if use.key == category), None) if declared else None,
        why=[a for a in declared.activities if _processes(a, category)] if declared else [],
        rows=sum(cell.rows for cell in cells),
        open=any(last is None for last in lasts),
        first=min(firsts) if firsts else None,
        last=None if any(last is None for last in lasts) else max(last for last in lasts if last),
        kept=[sentence(f"{words.retention(rule)}. {words.of(rule.ground)}") for rule in rules.values()]
        if words
        else [],
        archived=all(cell.archived for cell in cells),
        on_hold=any(cell.held for cell in cells),
        broken=any(state_of(cell, clock.today()) == "broken" for cell in cells),
        items=items,
    )


def _declaration(controller_id: int) -> Declaration | None:
    try:
        return current(controller_id=controller_id, on=clock.today())
    except TillitError:
        return None


def _processes(activity: Activity, category: str) -> bool:
    return category in activity.uses or category in activity.records
