"""The home beside others and divided by purpose, and alerts, on Min side and in the app (E4, E5, E6)."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from babel.dates import format_date
from babel.numbers import format_decimal
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from tillit.disclosure.grouping import TOGETHER
from tillit.faces import plots
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import home_energy
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.messages.templates import template
from tillit.power.errors import PowerError
from tillit.power.insight.breakdown import Estimate, Part
from tillit.power.insight.comparison import Compared
from tillit.power.insight.errors import InsightError
from tillit.power.insight.grouping import BREAKDOWN, MOST_PERSONS, SIZES
from tillit.power.insight.models import OF_THE_APP, Alert
from tillit.power.insight.settings import BOUNDS, MAY, Wanted
from tillit.power.insight.wording import worded

SCALE = {"high_use": 1_000, "capacity_peak": 1_000}
"""Limits are typed in øre, kWh and kW, and kept in øre, Wh and W."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Setting:
    """A kind of alert as a form: its limit as it is typed, and whether it goes with the app."""

    wanted: Wanted
    limit: str
    has_limit: bool
    of_app: bool

    @property
    def kind(self) -> str:
        """Its key."""
        return str(self.wanted.kind.value)


@require_safe
@member_page
def show(request: HttpRequest, member: Member, number: int = 1) -> HttpResponse:
    """The home beside similar ones, and what its use went to."""
    if not member.site.has_power:
        raise Http404
    try:
        page = home_energy.home(
            actor=member.actor, controller=member.site.controller, people=member.people, number=number
        )
    except PowerError:
        raise Http404 from None
    context = member.context(page="home_energy", number=number, home=page, latest=None)
    if page.compared:
        context["rows"] = [_row(one) for one in page.compared]
        context["latest"] = context["rows"][0]
        context["plot"] = _beside(page)
    if page.months:
        parts = [part for part in Part if any(month.get(part, _NONE).middle for month in page.months.values())]
        context["parts"] = parts
        context["divided"] = [
            (_month(month), [_range(found.get(part, _NONE)) for part in parts]) for month, found in page.months.items()
        ]
        context["year"] = [(part, _range(_sum([m.get(part, _NONE) for m in page.months.values()]))) for part in parts]
    return render(request, "member_web/home_energy.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def alerts(request: HttpRequest, member: Member) -> HttpResponse:
    """Which alerts, over which channels, from which limit, and when not; a POST sets one kind or the quiet hours."""
    if not member.site.has_power:
        raise Http404
    problem, kind = "", request.POST.get("kind", "")
    if request.method == "POST":
        try:
            _keep(request, member, kind)
        except InsightError as error:
            problem = error.code
        else:
            messages.success(request, say(language(), "home_energy.saved"))
            return redirect("alerts", member.site.key)
    page = home_energy.alerts_of(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    context = member.context(
        page="alerts",
        alerts=page,
        settings=[_setting(one) for one in page.wanted],
        given=[(one, words(one)) for one in page.given],
        zone=page.quiet.zone if page.quiet else DEFAULT_ZONE,
        zones=sorted(zone for zone in available_timezones() if zone.startswith(("Europe/", "America/", "Asia/"))),
        quiet=page.quiet if page.quiet and page.quiet.on else None,
        starts=_clock(page.quiet.starts) if page.quiet else "22:00",
        ends=_clock(page.quiet.ends) if page.quiet else "07:00",
        problem=problem,
        wrong=kind,
    )
    return render(request, "member_web/alerts.html", context, status=422 if problem else 200)


def words(alert: Alert) -> str:
    """What an alert said, in the reader's language."""
    said = template(alert.template, language())
    return said.short.format_map(worded(alert.values, language()))


def _keep(request: HttpRequest, member: Member, kind: str) -> None:
    own: dict[str, Any] = {"actor": member.actor, "controller": member.site.controller, "subject_id": member.subject_id}
    if kind == "quiet":
        on = request.POST.get("on") == "1"
        starts = _minutes(request.POST.get("starts", ""))
        ends = _minutes(request.POST.get("ends", "")) if on else starts
        if on and starts == ends:
            raise InsightError("quiet-hours", "they begin and end at different times")
        home_energy.keep_quiet(**own, starts=starts, ends=ends, zone=request.POST.get("zone", ""))
        return
    typed = request.POST.get("threshold", "").strip().replace(",", ".").replace("\u2212", "-")
    try:
        threshold = round(float(typed[:12]) * SCALE.get(kind, 1)) if typed else None
    except (ValueError, OverflowError):
        raise InsightError("threshold", "that is no number") from None
    home_energy.want(**own, kind=kind, channels=request.POST.getlist("channel")[:8], threshold=threshold)


def _setting(one: Wanted) -> Setting:
    scale = SCALE.get(one.kind, 1)
    limit = "" if one.threshold is None else f"{one.threshold / scale:g}".replace(".", ",")
    return Setting(one, limit, one.kind in MAY and one.kind in BOUNDS, one.kind in OF_THE_APP)


def _minutes(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise InsightError("quiet-hours", "that is no time of day")
    return 60 * int(found[1]) + int(found[2])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_NONE = Estimate(0, 0, 0)


def _beside(page: home_energy.HomePage) -> SafeString:
    """The months' own use as bars, with a mark at the group's mean."""
    oldest_first = page.compared[::-1]
    return plots.bars(
        values=[one.own / 1000 for one in oldest_first],
        before=[one.mean / 1000 if one.standing else None for one in oldest_first],
        labels=[f"{one.month:%m}" for one in oldest_first],
        title=say(language(), "home_energy.plot"),
    )


def _row(one: Compared) -> dict[str, object]:
    """A month as the table and the panel show it."""
    return {
        "month": _month(one.month),
        "own": _kwh(one.own),
        "mean": _kwh(one.mean),
        "efficient": _kwh(one.efficient),
        "standing": one.standing,
        "people": one.people,
        "group": [_label(name, value) for name, value in zip(BREAKDOWN, one.labels, strict=False)],
    }


def _label(name: str, value: str) -> tuple[str, str]:
    """A label of a group in words: `*` is several together, '' is not told."""
    named = say(language(), f"home_energy.label.{name}")
    if value in {TOGETHER, ""}:
        return named, say(language(), f"home_energy.{'several' if value else 'not_said'}")
    if name == "area":
        return named, value
    if name == "size":
        edges = [0, *SIZES]
        low, high = edges[int(value)], edges[int(value) + 1] if int(value) < len(SIZES) else None
        return named, f"{low}–{high - 1} m²" if high else f"≥ {low} m²"
    if name == "persons":
        return named, f"≥ {value}" if int(value) == MOST_PERSONS else value
    return named, say(language(), f"home_energy.{name}.{value}")


def _range(one: Estimate) -> tuple[str, str, str]:
    return _kwh(one.low), _kwh(one.middle), _kwh(one.high)


def _sum(some: list[Estimate]) -> Estimate:
    return Estimate(sum(one.low for one in some), sum(one.middle for one in some), sum(one.high for one in some))


def _kwh(wh: int) -> str:
    return format_decimal(round(wh / 1000), locale=language())


def _month(first: date) -> str:
    return format_date(first, "LLLL y", locale=language())
