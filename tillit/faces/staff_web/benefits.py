"""The catalogue of benefits in the console (B3): drafts, preview, publishing, validity, the file; its use (B11)."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.benefits import codes, editing, use
from tillit.benefits.catalogue import Listed
from tillit.benefits.catalogue_file import taken_in, written
from tillit.benefits.editing import Content
from tillit.benefits.errors import BenefitError
from tillit.benefits.models import Benefit, Category, Edition, Kind, Supplier, Validity
from tillit.benefits.order_models import FIELDS
from tillit.declaration.vocabulary import vocabulary
from tillit.faces.member_web.benefits import shown
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import languages, say
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.money import Money, MoneyError

LARGEST = 2 * 1024 * 1024
PARTS = tuple(editing.TEXT_PARTS)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The benefits that the union's members see, or nobody yet; a POST takes a file in, whole or not at all."""
    _may(worker)
    wrong: Any = ()
    if request.method == "POST":
        wrong = _file(request, worker)
        if wrong is None:
            return redirect("staff_benefits", worker.site.key)
    here, today = worker.site.controller.pk, clock.today()
    valid = Validity.objects.select_related("controller")
    rows = []
    for one in Benefit.objects.select_related("supplier").order_by("key"):
        if not editing.may_see(benefit=one, controllers={here}):
            continue
        mine = valid.filter(benefit=one, controller_id=here)
        editions = list(one.editions.order_by("number"))
        if not editions:
            continue
        rows.append(
            {
                "benefit": one,
                "title": _title(editions[-1]),
                "published": any(e.published_at for e in editions),
                "draft": editions[-1].published_at is None,
                "now": any(v.starts <= today and (v.ends is None or v.ends > today) for v in mine),
                "withdrawn": one.withdrawn_on is not None and one.withdrawn_on <= today,
            }
        )
    context = worker.context(
        page="benefits",
        rows=rows,
        wrong=wrong or (),
        used=use.figures(controller_id=here, on=today),
        least=worker.site.declaration.minimum_group,
    )
    return render(request, "staff_web/benefits.html", context, status=422 if wrong else 200)


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The catalogue as CSV."""
    _may(worker)
    answer = HttpResponse(written(controllers=[worker.site.controller.pk]), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="benefits.csv"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def edit(request: HttpRequest, worker: Worker, benefit: str = "") -> HttpResponse:
    """A benefit's draft as a form, how members will see it, and where it is valid."""
    _may(worker)
    found = Benefit.objects.select_related("supplier").filter(key=benefit).first()
    if benefit and (found is None or not editing.may_see(benefit=found, controllers=worker.actor.controllers)):
        raise Http404
    problem, typed = "", _typed(request) if request.method == "POST" else _standing(found)
    if request.method == "POST":
        try:
            key = _act(request, worker, found, typed)
        except (BenefitError, MoneyError, ValueError) as refused:
            problem = say_or(f"benefit_desk.problem.{getattr(refused, 'code', '')}", str(refused))
        else:
            messages.success(request, say(language(), "benefit_desk.done"))
            return (
                redirect("staff_benefit", worker.site.key, key) if key else redirect("staff_benefits", worker.site.key)
            )
    return render(
        request, "staff_web/benefit.html", _context(worker, found, typed, problem), status=422 if problem else 200
    )


def _act(request: HttpRequest, worker: Worker, found: Benefit | None, typed: dict[str, Any]) -> str:
    """Do what the form asks; the key of the benefit to go on with. Raises `BenefitError` and `ValueError`."""
    act, here, mine = request.POST.get("act", "save"), worker.site.controller, worker.actor.controllers
    if act == "save" or found is None:
        draft = editing.write_draft(
            controllers=mine,
            new=found is None,
            key=found.key if found else typed["key"],
            supplier=_chosen(Supplier, typed["supplier"]),
            category=_chosen(Category, typed["category"]),
            content=_content(typed),
        )
        return draft.benefit.key
    if act in ("publish", "discard", "withdraw", "again"):
        of: dict[str, Any] = {"actor": worker.actor, "controller_id": here.pk, "benefit": found}
        if act == "publish":
            editing.publish(**of, at=clock.now())
        elif act == "discard":
            editing.discard(controllers=mine, benefit=found)
        else:
            editing.withdraw(**of, on=clock.today() if act == "withdraw" else None)
    elif act == "valid":
        last = request.POST.get("valid_to", "")
        editing.make_valid(
            controllers=mine,
            benefit=found,
            controller=here,
            starts=date.fromisoformat(request.POST.get("valid_from", "")),
            ends=date.fromisoformat(last) + timedelta(days=1) if last else None,
            agreement=request.POST.get("agreement", "").strip()[:40],
            membership_type=request.POST.get("membership_type", "").strip()[:40],
        )
    elif act == "end":
        row = Validity.objects.filter(benefit=found, controller=here, pk=int(request.POST.get("validity", "0"))).first()
        if row is not None:
            editing.end_validity(validity=row, on=clock.today())
    elif act == "codes":
        editing.add_codes(controllers=mine, benefit=found, codes=request.POST.get("codes", "").split())
    return found.key if Benefit.objects.filter(pk=found.pk, editions__isnull=False).exists() else ""


def _file(request: HttpRequest, worker: Worker) -> Any:
    """Take the file in; what is wrong with it, None when nothing is."""
    sent = request.FILES.get("file")
    if sent is None or sent.size is None or sent.size > LARGEST:
        return [{"line": 0, "field": "file", "reason": say(language(), "benefit_desk.no_file")}]
    try:
        done = taken_in(text=sent.read().decode("utf-8"), controllers=[worker.site.controller])
    except (UnicodeDecodeError, BenefitError) as refused:
        return [{"line": 0, "field": "file", "reason": str(refused)}]
    if done.wrong:
        return done.wrong
    messages.success(
        request, say(language(), "benefit_desk.taken_in", benefits=len(done.benefits), drafts=len(done.drafts))
    )
    return None


def _context(worker: Worker, found: Benefit | None, typed: dict[str, Any], problem: str) -> dict[str, Any]:
    spoken, here = language(), worker.site.controller
    latest = (
        found.editions.select_related("benefit__supplier", "category").order_by("-number").first() if found else None
    )
    names = vocabulary().fields
    valid = Validity.objects.filter(benefit=found, controller=here).order_by("starts") if found else ()
    return worker.context(
        page="benefits",
        benefit=found,
        typed=typed,
        problem=problem,
        draft=latest is not None and latest.published_at is None,
        preview=shown(Listed(latest, None)) if latest else None,
        kinds=[(kind, say(spoken, f"benefit_desk.kind.{kind}")) for kind in Kind.values],
        suppliers=Supplier.objects.order_by(Ordered("name")),
        categories=Category.objects.order_by("position", "key"),
        spoken=[(code, say(code, "language.name"), typed["texts"].get(code, {})) for code in languages()],
        fields=[(name, names[name].name(spoken)) for name in FIELDS],
        valid=[{"row": one, "last": one.ends - timedelta(days=1) if one.ends else None} for one in valid],
        left=codes.left(benefit=found) if found else 0,
        withdrawn=bool(found and found.withdrawn_on and found.withdrawn_on <= clock.today()),
        today=clock.today().isoformat(),
    )


def _typed(request: HttpRequest) -> dict[str, Any]:
    names = ("key", "supplier", "category", "kind", "url", "code", "member_price", "ordinary_price")
    return {
        **{name: request.POST.get(name, "").strip()[:500] for name in names},
        "needs": request.POST.getlist("needs"),
        "texts": {
            code: {part: request.POST.get(f"{part}_{code}", "").strip() for part in PARTS} for code in languages()
        },
    }


def _standing(found: Benefit | None) -> dict[str, Any]:
    """What the form holds to begin with: the draft, else what is published."""
    edition = found.editions.select_related("category").order_by("-number").first() if found else None
    if found is None or edition is None:
        return {"kind": Kind.CARD.value, "needs": [], "texts": {}}

    def price(minor: int | None) -> str:
        return "" if minor is None else Money(minor, edition.currency).format_number(language())

    return {
        "key": found.key,
        "supplier": found.supplier.key,
        "category": edition.category.key,
        "kind": edition.kind,
        "url": edition.url,
        "code": edition.code,
        "member_price": price(edition.member_price),
        "ordinary_price": price(edition.ordinary_price),
        "needs": edition.needs,
        "texts": edition.texts,
    }


def _content(typed: dict[str, Any]) -> Content:
    def price(text: str) -> int | None:
        return Money.parse(text, "NOK", locale=language()).minor if text else None

    return Content(
        kind=typed["kind"],
        texts={code: said for code, said in typed["texts"].items() if any(said.values())},
        url=typed["url"],
        code=typed["code"],
        member_price=price(typed["member_price"]),
        ordinary_price=price(typed["ordinary_price"]),
        needs=tuple(typed["needs"]) if typed["kind"] == Kind.ORDER else (),
    )


def _chosen(model: Any, key: str) -> Any:
    found = model.objects.filter(key=key).first()
    if found is None:
        raise BenefitError("choice", say(language(), "benefit_desk.choose"))
    return found


def _title(edition: Edition) -> str:
    return str((edition.texts.get(language()) or next(iter(edition.texts.values())))["title"])


def _may(worker: Worker) -> None:
    if not worker.keeps_benefits:
        raise Http404
