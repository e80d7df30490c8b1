"""What is done for a customer found for a purpose: agreements, partners asked, suppliers told, objects, advice, cases
for who calls (D1, D6, D7, D13). Which of it a page has follows from the purpose.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tillit.cases.errors import CaseError
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.faces.member_web.belongings import REFUSED as THING_REFUSED
from tillit.faces.member_web.belongings import paper_words, said_in
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, found_by, staff_page, token_for
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import agreements, belongings, entitlement_asked
from tillit.journeys.for_customer import advice, caller, supply
from tillit.kernel import clock
from tillit.kernel.money import Money, MoneyError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.services import blocking, claims
from tillit.services.agreements import ACTIVITY as AGREEING
from tillit.services.errors import ServiceError
from tillit.services.feeds import ACTIVITY as ENTITLING
from tillit.services.insurance_models import LossKind
from tillit.services.objects.models import KINDS
from tillit.services.outside import told_by_computer
from tillit.services.product_models import Payer, ServiceProduct
from tillit.services.supplied import ACTIVITY as SUPPLYING
from tillit.services.supply_models import NoticeState

REFUSED = (ServiceError, DisclosureRefusedError, CaseError, *THING_REFUSED)
_LONGEST = 4000


def sections(worker: Worker, activity: str) -> list[str]:
    """What the page has for a purpose, in order; nothing where the purpose is none of the services."""
    controller = worker.site.controller
    if not agreements.offered(controller=controller):
        return []
    has = {
        "agreements": activity == AGREEING,
        "partner": activity == ENTITLING,
        "supply": activity == SUPPLYING,
        "things": activity == belongings.SERVICE and belongings.offered(controller=controller),
        "advice": activity == SUPPLYING
        and advice.ACTIVITY in (worker.actor.activities or ())
        and advice.offered(controller=controller),
        "caller": caller.offered(controller=controller, activity=activity),
    }
    return [name for name, there in has.items() if there]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """What the purpose lets staff do for the person; a POST previews or does one thing."""
    activity, subject_id = found_by(request, worker, token)
    shown = sections(worker, activity)
    if not shown:
        raise Http404
    whose: dict[str, Any] = {
        "actor": worker.actor,
        "controller": worker.site.controller,
        "subject_id": subject_id,
    }
    problem, more = "", {}
    try:
        if request.method == "POST":
            try:
                done = _ACTS[_asked(request, shown)](request, whose, activity)
            except REFUSED as refused:
                problem = refused.code
            else:
                if isinstance(done, dict):
                    more = done
                else:
                    messages.success(request, done)
                    return redirect("staff_services_person", worker.site.key, token)
        context = {name: _LOOKS[name](whose, activity) for name in shown}
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    page = worker.context(
        token=token,
        activity=activity,
        sections=shown,
        problem=problem,
        kinds=KINDS,
        loss_kinds=LossKind.values,
        checks=caller.CHECKS,
        products=_paid_by_partners(worker),
        typed={key: request.POST.get(key, "")[:_LONGEST] for key in request.POST} if problem else {},
        **context,
        **more,
    )
    return render(request, "staff_web/services_person.html", page, status=422 if problem else 200)


@require_POST
@staff_page
def extract(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """A ZIP of a customer's objects, for a claim the customer makes."""
    activity, subject_id = found_by(request, worker, token)
    if "things" not in sections(worker, activity):
        raise Http404
    try:
        pieces = belongings.extract(
            actor=worker.actor,
            controller=worker.site.controller,
            subject_id=subject_id,
            thing_ids=[number_of(text) for text in request.POST.getlist("thing")[:500]],
            words=paper_words(),
        )
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    except THING_REFUSED as refused:
        messages.error(request, say(language(), f"belongings.problem.{refused.code}"))
        return redirect("staff_services_person", worker.site.key, token)
    heads = {"Content-Disposition": 'attachment; filename="objects.zip"', "Content-Security-Policy": "sandbox"}
    return cast(HttpResponse, StreamingHttpResponse(pieces, content_type="application/zip", headers=heads))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def suppliers(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What suppliers do not have yet, refused, or do not know is over. A POST opens the person of one, under its
    purpose, or says that a supplier was told that it is over.
    """
    if not supplies(worker):
        raise Http404
    whose: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    if request.method == "POST" and "over" in request.POST:
        try:
            name = supply.know_it_is_over(**whose, notice_id=number_of(request.POST["over"]))
        except ServiceError:
            raise Http404 from None
        messages.success(request, say(language(), "suppliers_desk.knows_it_is_over", name=name))
        return redirect("staff_suppliers", worker.site.key)
    rows = supply.waiting(**whose)
    if request.method == "POST":
        number = number_of(request.POST.get("notice", ""))
        one = next((row for row in rows if row.id == number and row.notice_state != NoticeState.ENDING), None)
        if one is None:
            raise Http404
        token = token_for(request, worker, SUPPLYING, one.subject_id)
        return redirect("staff_services_person", worker.site.key, token)
    return render(
        request, "staff_web/suppliers.html", worker.context(page="suppliers", rows=rows, by_computer=told_by_computer())
    )


def supplies(worker: Worker) -> bool:
    """Whether the worker tells suppliers of the controller's customers."""
    may = SUPPLYING in (worker.actor.activities or ())
    return may and agreements.offered(controller=worker.site.controller)


def suppliers_waiting(worker: Worker) -> int:
    """How many agreements wait there."""
    return supply.count_waiting(actor=worker.actor, controller=worker.site.controller)


def _asked(request: HttpRequest, shown: list[str]) -> str:
    act = request.POST.get("act", "")
    if act not in _ACTS or _OF[act] not in shown:
        raise Http404
    return act


def _paid_by_partners(worker: Worker) -> list[ServiceProduct]:
    rows = ServiceProduct.objects.filter(controller=worker.site.controller, payers__contains=[Payer.PARTNER])
    return list(rows.exclude(ends__lte=clock.today()).order_by("key"))


def _preview(request: HttpRequest, whose: dict[str, Any], activity: str) -> dict[str, Any]:
    """What an order or an ending would do, before it is done."""
    mine = agreements.look(**whose)
    if request.POST.get("act") == "preview_end":
        number = request.POST.get("agreement", "")
        held = next((one for one in mine.held if str(one.agreement.id) == number and one.ends_if), None)
        if held is None:
            raise ServiceError("no-agreement", "there is no such agreement")
        return {"ending": held}
    key, free = request.POST.get("product", ""), request.POST.get("free") == "1"
    chosen = next((one for one in mine.offered if one.product.key == key), None)
    if chosen is None or (chosen.through is None if free else chosen.price is None):
        raise ServiceError("not-offered", "this cannot be ordered so")
    born = request.POST.get("birth_date", "")[:10]
    return {"ordering": chosen, "free": free, "born": born, "today": clock.today()}


def _order(request: HttpRequest, whose: dict[str, Any], activity: str) -> str:
    made = agreements.subscribe(
        **whose,
        product=request.POST.get("product", "")[:60],
        birth_date=request.POST.get("birth_date", "")[:10],
        free=request.POST.get("free") == "1",
    )
    return say(language(), "services_desk.ordered", name=made.product.names.get(language(), made.product.key))


def _change(request: HttpRequest, whose: dict[str, Any], activity: str) -> str:
    act, number = request.POST["act"], number_of(request.POST.get("agreement", ""))
    do = {"end": agreements.end, "undo": agreements.undo, "take_back": agreements.take_back}[act]
    do(**whose, agreement_id=number)
    return say(language(), f"services_desk.done.{act}")


def _ask(request: HttpRequest, whose: dict[str, Any], activity: str) -> str:
    answer = entitlement_asked.partner_asked(
        **whose,
        partner=request.POST.get("partner", "")[:60],
        product=request.POST.get("product", "")[:60],
        number=request.POST.get("customer_number", "")[:61],
    )
    said = "yes" if answer.entitled else "no"
    return say(language(), f"services_desk.answer.{said}", name=answer.partner.name)


def _tell(request: HttpRequest, whose: dict[str, Any], activity: str) -> str | dict[str, Any]:
    which, act = {**whose, "agreement_id": number_of(request.POST.get("agreement", ""))}, request.POST["act"]
    if act == "passed_on":
        return say(language(), "services_desk.supplier_told", name=supply.passed_on(**which))
    done = supply.tell(**which, by_hand=act == "tell_myself")
    if done.passed_on:
        return {"passed_on": done}
    if done.answer.state == NoticeState.CONFIRMED:
        return say(language(), "services_desk.supplier_told", name=done.supplier)
    refused = done.answer.state == NoticeState.REFUSED
    raise ServiceError("supplier-refused" if refused else done.answer.reason or "no-agreement", "not told")


def _advise(request: HttpRequest, whose: dict[str, Any], activity: str) -> dict[str, Any]:
    return {"given": advice.look(**whose)}


def _thing(request: HttpRequest, whose: dict[str, Any], activity: str) -> str:
    act, who = request.POST["act"], {"actor": whose["actor"], "subject_id": whose["subject_id"]}
    if act == "thing_add":
        made = belongings.add(**whose, said=said_in(request))
        bodies = uploaded(request, "file")
        if bodies:
            belongings.attach(**who, thing_id=made.id, what=request.POST.get("what", "photo"), bodies=bodies)
        return say(language(), "services_desk.thing_added")
    number = number_of(request.POST.get("thing", ""))
    (belongings.remove if act == "thing_remove" else belongings.bring_back)(**who, thing_id=number)
    return say(language(), "belongings.removed" if act == "thing_remove" else "belongings.back")


def _open(request: HttpRequest, whose: dict[str, Any], activity: str) -> str:
    said: dict[str, Any] = {"text": request.POST.get("text", "").strip()[:_LONGEST]}
    if activity == claims.ACTIVITY:
        said |= {
            "cover": number_of(request.POST.get("cover", "")),
            "item": request.POST.get("item", "")[:201],
            "loss_kind": request.POST.get("loss_kind", ""),
            "loss_on": _day(request.POST.get("loss_on", "")),
            "claimed": _minor(request.POST.get("claimed", "").strip()),
        }
    elif activity == blocking.ACTIVITY:
        said["held"] = [number_of(one) for one in request.POST.getlist("held")[:50]]
    elif not said["text"]:
        raise ServiceError("no-words", "say it in words")
    case = caller.open_case(
        **whose, activity=activity, identified=request.POST.get("identified", ""), said=said, language=language()
    )
    return say(language(), "services_desk.opened", number=str(case.id))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ServiceError("loss-day", "that is no day") from None


def _minor(text: str) -> int | None:
    try:
        return Money.parse(text, "NOK").minor if text else None
    except MoneyError:
        raise ServiceError("claimed", "that is no amount") from None


_LOOKS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "agreements": lambda whose, activity: agreements.look(**whose),
    "partner": lambda whose, activity: entitlement_asked.asked_of(controller=whose["controller"]),
    "supply": lambda whose, activity: supply.look(**whose),
    "things": lambda whose, activity: belongings.mine(**whose),
    "advice": lambda whose, activity: None,  # nothing is read before it is asked for
    "caller": lambda whose, activity: caller.look(**whose, activity=activity),
}
_ACTS: dict[str, Callable[[HttpRequest, dict[str, Any], str], str | dict[str, Any]]] = {
    "preview_order": _preview,
    "preview_end": _preview,
    "order": _order,
    "end": _change,
    "undo": _change,
    "take_back": _change,
    "ask": _ask,
    "tell": _tell,
    "tell_myself": _tell,
    "passed_on": _tell,
    "advise": _advise,
    "thing_add": _thing,
    "thing_remove": _thing,
    "thing_back": _thing,
    "open": _open,
}
_OF = dict.fromkeys(("preview_order", "preview_end", "order", "end", "undo", "take_back"), "agreements") | {
    "ask": "partner",
    **dict.fromkeys(("tell", "tell_myself", "passed_on"), "supply"),
    "advise": "advice",
    **dict.fromkeys(("thing_add", "thing_remove", "thing_back"), "things"),
    "open": "caller",
}
