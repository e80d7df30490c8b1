"""Rates and offers of the controller's chains (C6, C11): what holds, and changes from a draft to the day they hold."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.bonus.models import Offer, Programme, TermsDraft
from tillit.bonus.rates import WEEKDAYS
from tillit.faces.staff_web import terms_words
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import day, language
from tillit.faces.texts import say
from tillit.journeys import terms_editor
from tillit.journeys.terms_editor import PREVIEWED, TermsError
from tillit.journeys.terms_judged import standing_rules, worse
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.errors import TillitError
from tillit.kernel.money import Money

PAGE = 20
RATE = ("percent", "mode", "store", "product_group", "until", "priority")
OFFER = (
    *("key", "name", "per", "threshold", "until", "priority", "most_per_receipt", "most_per_member", "most_period"),
    "budget",
)
GIVES = ("percent", "times", "amount")
PERIODS = ("offer", "day", "month", "year")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What holds, by chain, and the drafts; a POST begins a draft."""
    if not worker.edits_terms:
        raise Http404
    controller, problem = worker.site.controller, ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "alone":
                return _set_alone(request, worker)
            starts = date.fromisoformat(request.POST.get("starts", ""))
            made = terms_editor.begin(
                actor=worker.actor, controller=controller, chain_key=request.POST.get("chain", ""), starts=starts
            )
            return redirect("staff_terms_draft", worker.site.key, made.pk)
        except InvalidOperation:
            problem = "alone-amount"
        except ValueError:
            problem = "day"
        except TillitError as error:
            problem = error.code
    today = clock.today()
    chains = [one.chain for one in Programme.objects.filter(chain__controller=controller).select_related("chain")]
    context = worker.context(
        page="terms",
        chains=[
            (
                chain,
                standing_rules(chain=chain, at=today + timedelta(days=1)),
                Offer.objects.filter(chain=chain).exclude(ends__lte=clock.now()).order_by("starts", "key"),
                _typed(Money(chain.alone_up_to, chain.currency).decimal),
                None if chain.alone_asked is None else Money(chain.alone_asked, chain.currency),
                chain.alone_asked_by == str(worker.actor),
            )
            for chain in chains
        ],
        drafts=Paginator(terms_editor.drafts(controller=controller), PAGE).get_page(request.GET.get("page")),
        tomorrow=today + timedelta(days=1),
        problem=problem,
    )
    return render(request, "staff_web/terms.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def draft(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """One draft; a POST changes, tries, publishes, undoes or drops it."""
    if not worker.edits_terms:
        raise Http404
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller, "number": number}
    problem, detail = "", ""
    if request.method == "POST":
        try:
            done = _act(request, here)
        except TermsError as error:
            if error.code == "no-draft":
                raise Http404 from None
            problem, detail = error.code, _detail(error)
        except (TillitError, ValueError) as error:
            problem = getattr(error, "code", "field")
        else:
            messages.success(request, done)
            where = "staff_terms" if request.POST.get("act") == "drop" else "staff_terms_draft"
            return redirect(where, worker.site.key, *([] if where == "staff_terms" else [number]))
    try:
        one = terms_editor.draft(**here)
    except TermsError:
        raise Http404 from None
    another = terms_editor.another_s(actor=worker.actor, one=one)
    context = worker.context(page="terms", **_shown(one), another=another, problem=problem, detail=detail)
    return render(request, "staff_web/terms_draft.html", context, status=422 if problem else 200)


def _typed(amount: Decimal) -> str:
    """As it is typed in the reader's language; either comma is taken."""
    return str(amount).replace(".", "," if language() == "nb" else ".")


def _set_alone(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What one of the staff posts alone in a chain. Raises `InvalidOperation`, and as `terms_editor.set_alone`."""
    became = terms_editor.set_alone(
        actor=worker.actor,
        controller=worker.site.controller,
        chain_key=request.POST.get("chain", ""),
        amount=Decimal(_decimal(request.POST.get("amount", ""))),
    )
    messages.success(request, say(language(), f"terms_desk.alone.{became}"))
    return redirect("staff_terms", worker.site.key)


def _detail(error: TermsError) -> str:
    """The day, or the field of the form, that it is about."""
    if error.earliest is not None:
        return day(error.earliest)
    known = {"product_group": "group", "product_groups": "groups"}
    return say(language(), f"terms_desk.field.{known.get(error.field, error.field)}") if error.field else ""


def _act(request: HttpRequest, here: dict[str, Any]) -> str:
    """Do what the button says; what is told when it is done."""
    said, act = request.POST, request.POST.get("act", "")
    match act:
        case "rate":
            terms_editor.add_rate(**here, said=_entry(request, RATE) | {"percent": _decimal(said.get("percent", ""))})
        case "offer":
            gives = said.get("gives", "")
            value = {gives: _decimal(said.get("value", ""))} if gives in GIVES else {}
            entry = _entry(request, OFFER) | value | {"targeted": said.get("targeted") == "1"}
            places = {name: [v[:60] for v in said.getlist(name)] for name in ("stores", "product_groups")}
            terms_editor.add_offer(**here, said=entry | places)
        case "end":
            terms_editor.end_rule(**here, rule_id=int(said.get("rule", "")))
        case "out":
            terms_editor.take_out(**here, part=said.get("part", ""), place=int(said.get("place", "")))
        case "move":
            terms_editor.move(**here, starts=date.fromisoformat(said.get("starts", "")))
        case "try":
            start, end = (date.fromisoformat(said.get(name, "")) for name in ("from", "to"))
            terms_editor.try_out(**here, start=start, end=end)
        case "publish":
            _, count = terms_editor.publish(**here)
            return say(language(), "terms_desk.done.publish", count=count)
        case "undo":
            _, count = terms_editor.undo(**here)
            return say(language(), "terms_desk.done.undo", count=count)
        case "drop":
            terms_editor.drop(**here)
        case _:
            raise Http404
    return say(language(), "complaint_desk.done")


def _entry(request: HttpRequest, names: tuple[str, ...]) -> dict[str, Any]:
    """What was typed of a rate or an offer, with its weekdays and hours."""
    said = {name: request.POST.get(name, "").strip()[:120] for name in names}
    for name in ("threshold", "most_per_receipt", "most_per_member", "budget"):
        if name in said:
            said[name] = _decimal(said[name])
    days = [one for one in WEEKDAYS if one in request.POST.getlist("weekdays")]
    hours = [request.POST.get(name, "").strip()[:5] for name in ("hour_from", "hour_to")]
    window = {"hours": f"{hours[0] or '00:00'}-{hours[1] or '24:00'}"} if any(hours) else {}
    return {**said, **({"weekdays": days} if 0 < len(days) < len(WEEKDAYS) else {}), **window}


def _decimal(text: str) -> str:
    return text.strip().replace(",", ".").replace(" ", "")[:20]


def _shown(one: TermsDraft) -> dict[str, Any]:
    """A draft as its page shows it."""
    chain, currency, tried = one.chain, one.chain.currency, one.tried
    today = clock.today()
    context: dict[str, Any] = {
        "draft": one,
        "chain": chain,
        "parts": [(part, list(enumerate(one.document[part]))) for part in ("rates", "offers")],
        "ends": [(place, _rule(one, rule)) for place, rule in enumerate(one.document["ends"])],
        "rules": [rule for rule in standing_rules(chain=chain, at=one.starts) if rule.pk not in one.document["ends"]],
        "stores": chain.stores.order_by(Ordered("name")),
        "groups": chain.product_groups.order_by(Ordered("name")),
        "weekdays": list(WEEKDAYS),
        "gives": GIVES,
        "periods": PERIODS,
        "start": today - PREVIEWED,
        "end": today + timedelta(days=1),
        "open": one.state == "draft",
        "undoable": one.state == "published" and one.starts > today,
        "worse": tried is not None and worse(one),
        "earliest": terms_editor.earliest(one) if tried is not None else None,
    }
    if tried is not None:
        context |= {
            "tried": tried,
            "change": Money(tried["after"] - tried["before"], currency),
            "by_store": [
                (store, members, Money(before, currency), Money(after, currency))
                for store, members, before, after in tried["stores"]
            ],
            "spread": [Money(amount, currency) for amount in tried["spread"][0]] if tried["spread"] else [],
            "waits": [
                (days, Money(before, currency), Money(after, currency))
                for _, days, before, after in tried.get("waits", [])
                if days
            ],
        }
    return context


def _rule(one: TermsDraft, rule_id: int) -> str:
    rule = next((r for r in one.chain.rates.select_related("store", "product_group", "chain").filter(pk=rule_id)), None)
    return terms_words.rate(rule, language()) if rule else "–"
