"""A power customer at the desk: points, contracts, readings, switches of supplier, and the app (E1, E2, E7)."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.supply_shown import AREAS, KINDS, REASONS, USES
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import energy_app, power_contract, power_supply
from tillit.kernel import clock
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.power.errors import PowerError
from tillit.power.queries import grid_companies

_TYPED = (
    "number",
    "meter_number",
    "price_area",
    "grid_company",
    "municipality",
    "street",
    "postal_code",
    "place",
    "latitude",
    "longitude",
    "use",
    "resolution",
    "kind",
    "product",
    "reason",
    "day",
)
_LONGEST = {"meter_number": 30, "municipality": 4, "street": 120, "postal_code": 4, "place": 60, "product": 40}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """What the customer has; a POST registers or decides a switch, or deletes the app on the customer's word."""
    activity, subject_id = found_by(request, worker, token)
    if not worker.supplies_power:
        raise Http404
    problem = ""
    controller = worker.site.controller
    try:
        power_supply.allowed(controller=controller, purpose=activity)
        if request.method == "POST":
            problem = _act(request, worker, subject_id)
            if not problem:
                messages.success(request, say(language(), "profile.saved"))
                return redirect("staff_supply", worker.site.key, token)
        view = power_supply.look(actor=worker.actor, controller=controller, purpose=activity, subject_id=subject_id)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    offered = energy_app.offered(worker.site.declaration)
    context = worker.context(
        page="search",
        token=token,
        activity=worker.site.declaration.activity(activity),
        view=view,
        app=energy_app.state(controller=worker.site.controller, subject_id=subject_id) if offered else None,
        problem=problem,
        typed={name: request.POST.get(name, "") for name in _TYPED} if request.POST.get("act") == "in" else {},
        areas=AREAS,
        kinds=KINDS,
        reasons=REASONS,
        uses=USES,
        seen=power_supply.SEEN,
        grids=grid_companies(),
        today=clock.today(),
        said=said_on(worker.site, "staff_supply"),
    )
    return render(request, "staff_web/supply.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, worker: Worker, subject_id: int) -> str:
    """Do what the form asks; the code of what was refused, '' when it was done."""
    said, act = request.POST, request.POST.get("act", "")
    where: dict[str, Any] = {
        "actor": worker.actor, "controller": worker.site.controller, "subject_id": subject_id, "at": clock.now(),
    }  # fmt: skip
    try:
        if act == "in":
            _request_in(said, where)
        elif act == "out":
            power_supply.request_out(
                **where, point_id=_number(said.get("point")), reason=_one(said, "reason", REASONS), day=_day(said)
            )
        elif act == "confirm":
            power_supply.confirm(
                **where, switch_id=_number(said.get("switch")), seen=said.get("seen", ""),
                final_wh=_wh(said.get("final", "")), by_hand=bool(said.get("by_hand")),
            )  # fmt: skip
        elif act in {"refused", "cancelled"}:
            power_supply.decline(**where, switch_id=_number(said.get("switch")), status=act)
        elif act == "undo":
            power_supply.undo(**where, switch_id=_number(said.get("switch")))
        elif act == "again":
            power_supply.send_again(**where, process_id=_number(said.get("process")))
        elif act == "tell_hub":
            power_supply.tell_hub(**where, point_id=_number(said.get("point")))
        elif act in _CHANGES:
            _CHANGES[act](said, {name: value for name, value in where.items() if name != "at"})
        elif act == "app_deleted":
            energy_app.delete(**where, how="staff")
        else:
            raise Http404
    except PowerError as error:
        return error.code
    except (ValueError, InvalidOperation):
        return "value"
    return ""


def _request_in(said: Any, where: dict[str, Any]) -> None:
    facts = {name: said.get(name, "").strip()[:longest] for name, longest in _LONGEST.items() if name != "product"}
    if not facts["municipality"]:
        raise PowerError("municipality", "taxes hang on it: without it nothing can be priced")
    power_supply.request_in(
        **where,
        number=said.get("number", "")[:40],
        price_area=said.get("price_area", ""),
        grid_company=said.get("grid_company", "")[:40],
        kind=_one(said, "kind", KINDS),
        reason=_one(said, "reason", REASONS),
        use=_one(said, "use", USES),
        product=said.get("product", "").strip()[: _LONGEST["product"]],
        day=_day(said),
        resolution=15 if said.get("resolution") == "15" else 60,
        **facts,
        **_position(said),
    )


def _put_right(said: Any, where: dict[str, Any]) -> None:
    """What the form says of a point; it has every field of it. Without a municipality nothing is priced."""
    facts: dict[str, Any] = {
        name: said.get(name, "").strip()[:longest] for name, longest in _LONGEST.items() if name != "product"
    }
    if not facts["municipality"]:
        raise PowerError("municipality", "taxes hang on it: without it nothing can be priced")
    facts |= _position(said) | {"use": _one(said, "use", USES), "price_area": said.get("price_area", "")}
    if "grid_company" in said:
        facts["grid_company"] = said["grid_company"][:40]
    power_contract.put_right(**where, point_id=_number(said.get("point")), facts=facts)


def _change(said: Any, where: dict[str, Any]) -> None:
    power_contract.change(
        **where,
        point_id=_number(said.get("point")),
        kind=_one(said, "kind", KINDS),
        product=said.get("product", "").strip()[: _LONGEST["product"]],
        starts=_day(said),
    )


def _take_back(said: Any, where: dict[str, Any]) -> None:
    power_contract.take_back(**where, contract_id=_number(said.get("contract")))


_CHANGES = {"put_right": _put_right, "change": _change, "take_back": _take_back}


def _position(said: Any) -> dict[str, Any]:
    """Degrees as they are typed, with a comma or a point; None where nothing is."""
    found: dict[str, Any] = {}
    for name in ("latitude", "longitude"):
        text = said.get(name, "").strip().replace(",", ".").replace("\u2212", "-")[:20]
        found[name] = round(float(text), 6) if text else None
        if found[name] is not None and not abs(found[name]) <= 180:
            raise PowerError("position", "a position is a latitude and a longitude in degrees")
    return found


def _one(said: Any, name: str, known: tuple[str, ...]) -> str:
    if said.get(name) not in known:
        raise ValueError(name)
    return str(said.get(name))


def _day(said: Any) -> date:
    day = date.fromisoformat(said.get("day", ""))
    if not 2010 <= day.year <= 2098:
        raise ValueError("day")
    return day


def _number(text: str | None) -> int:
    if not text or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 20:
        raise Http404
    return int(text)


def _wh(text: str) -> int | None:
    """Watt-hours of what a meter showed in kWh; None where nothing was read."""
    plain = "".join(text.split()).replace(",", ".")
    if not plain:
        return None
    value = Decimal(plain) * 1000
    if not value.is_finite() or value < 0 or value != value.to_integral_value() or value > 10**15:
        raise ValueError("final")
    return int(value)
