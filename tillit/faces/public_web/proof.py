"""What the declaration says of the choice about cookies, tried on the pages themselves (G1, G2).

A visitor nobody is chooses, here and from the controller's other sites; what the pages answer, let in and keep is
compared with what is declared. Nothing of it stays.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse

from tillit.consent import cookies as choices
from tillit.consent.models import CookieChoice
from tillit.declaration.models import Controller
from tillit.declaration.queries import declared as version_of
from tillit.faces.beacon import Counting
from tillit.faces.public_web import cookies
from tillit.faces.site import Site
from tillit.faces.visitor import answer, request_for
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.visits.counting import Counter, Seen

GPC = {"Sec-GPC": "1"}
_NAME = re.compile(r"[\w.-]+", re.ASCII)
Trial = Callable[[Site], Iterator[str]]
ELSEWHERE = "https://a-site-that-nobody-declares.example"


def _undone(trial: Trial) -> Callable[[int, date], list[str]]:
    """The trial of a controller's site; what it wrote is gone."""

    def tried(controller_id: int, on: date) -> list[str]:
        with transaction.atomic():
            found = list(trial(Site(Controller.objects.get(pk=controller_id))))
            transaction.set_rollback(True)
        return found

    return tried


@_undone
def lives(site: Site) -> Iterator[str]:
    """The browser keeps the choice for as long as is said, told by the pages and to the other sites."""
    period = IsoPeriod.parse(site.declaration.cookies.choice_lives)
    now = clock.now()
    said = int((period.add_to(now) - now).total_seconds())
    kept = _chosen(site, {"choice": "accept"}).cookies.get(cookies.CHOICE_COOKIE)
    if kept is None or abs(int(kept["max-age"] or 0) - said) > 1:
        yield "the browser is told to remember the choice for another time than is declared"
    if kept is None or not _proof(kept.value).keep_until >= period.add_to(now):
        yield "the proof of a choice goes before the choice does"
    told = _from_site(site, choices.asked(site.declaration))
    if told.status_code != 201 or abs(_json(told)["lives"] - said) > 1:
        yield "the banner of the other sites is told another time than is declared"


@_undone
def purposes(site: Site) -> Iterator[str]:
    """Without a choice and after a no nothing optional is let in; a yes is to its own purpose alone, also on record."""
    optional = choices.optional_purposes(site.declaration)
    yield from _let_in(site, "without a choice", {}, frozenset())
    for said in [(), *((one,) for one in optional), tuple(optional)]:
        response = _chosen(site, {"choice": "some", "purpose": list(said)} if said else {"choice": "reject"})
        kept = response.cookies.get(cookies.CHOICE_COOKIE)
        name = f"after a yes to {', '.join(said)}" if said else "after a no"
        if kept is None or set(_proof(kept.value).purposes) != set(said):
            yield f"{name}: another choice is on record"
            continue
        yield from _let_in(site, name, {cookies.CHOICE_COOKIE: kept.value}, frozenset(said))
        gone = {name for name, storage in _may_not_stay(site, said) if storage == "cookie"} & {*_held(site)}
        left = [one for one in gone if one not in response.cookies or response.cookies[one]["max-age"] != 0]
        if left:
            yield f"{name}: {len(left)} cookies of other purposes are left in the browser"
    yield from _never_asked(site)


@_undone
def gpc(site: Site) -> Iterator[str]:
    """A browser that says Global Privacy Control is let nothing optional in, is not asked, and is not counted."""
    yield from _let_in(site, "with Global Privacy Control", {}, frozenset(), headers=GPC)
    if cookies.notice(request_for(_home(site), headers=GPC), site):
        yield "a browser with Global Privacy Control is asked all the same"
    if _counted(site, GPC):
        yield "a browser with Global Privacy Control is counted"
    if site.declaration.visit_statistics and not _counted(site, {}):
        yield "no view is counted: that none is with Global Privacy Control shows nothing"
    script = answer(request_for(reverse("cookie_banner", args=[site.key])))
    if b"globalPrivacyControl" not in _body(script):
        yield "the banner of the other sites does not ask for Global Privacy Control"


@_undone
def sites(site: Site) -> Iterator[str]:
    """Each declared site gets the same register and may keep a choice; one that is not declared gets neither."""
    asked = choices.asked(site.declaration)
    path = reverse("cookie_banner_register", args=[site.key])
    for origin in sorted(choices.origins(site.declaration)):
        got = answer(request_for(path, headers={"Origin": origin}))
        if got.status_code != 200 or got.headers.get("Access-Control-Allow-Origin") != origin:
            yield f"{origin} does not get the register"
        elif _json(got)["asked"] != asked or not _same_items(site, _json(got)["items"]):
            yield f"{origin} is given another register than is declared"
        kept = _from_site(site, asked, origin)
        if kept.status_code != 201 or _proof(_json(kept)["proof"]).purposes:
            yield f"a no from {origin} is not kept"
    for path_, fields in ((path, None), (reverse("cookie_banner_choice", args=[site.key]), {"asked": asked})):
        got = answer(request_for(path_, fields=fields, headers={"Origin": ELSEWHERE}))
        if got.status_code != 403 or "Access-Control-Allow-Origin" in got.headers:
            yield "a site that is not declared is answered"


def _let_in(
    site: Site, when: str, held: dict[str, str], said: frozenset[str], headers: dict[str, str] | None = None
) -> Iterator[str]:
    """Items that may be stored, or that a page sets, without a yes to their purpose; those said yes to that may not."""
    request = request_for(_home(site), cookies=held, headers=headers)
    items = site.declaration.cookies.items
    for item in items:
        if cookies.allowed(request, site, item) != (item.kind == "necessary" or item.group in said):
            yield f"{when}: {item.name} " + ("may not be stored" if item.group in said else "may be stored")
    fit = {item.name for item in items if item.kind == "necessary" or item.group in said}
    for name in sorted({*answer(request).cookies} - fit):
        yield f"{when}: a page sets {name}"


def _never_asked(site: Site) -> Iterator[str]:
    """Standing choices that say yes to what that version of the declaration does not ask about."""
    standing = CookieChoice.objects.filter(controller=site.controller, ended_at__isnull=True)
    for number, said in standing.order_by().values_list("version", "purposes").distinct():
        asked = choices.optional_purposes(version_of(controller_id=site.controller.pk, number=number))
        if set(said) - set(asked):
            yield f"a yes stands on record to what version {number} does not ask about"


def _counted(site: Site, headers: dict[str, str]) -> bool:
    """Whether a view is handed on to be counted."""
    taken: list[Seen] = []

    class Watch(Counter):
        def take(self, key: str, seen: Seen, at: datetime | None = None) -> bool:
            taken.append(seen)
            return True

        def start(self) -> None:
            """Nothing is written."""

    request = request_for(f"/{site.key}/v/", fields={"p": _home(site)}, headers=headers)
    list(Counting(lambda environ, start: [], Watch())(request.environ, lambda *_: None))
    return bool(taken)


def _chosen(site: Site, fields: dict[str, Any]) -> HttpResponseBase:
    """The answer to a choice from a browser that holds every declared cookie."""
    return answer(request_for(reverse("cookie_choice", args=[site.key]), fields=fields, cookies=_held(site)))


def _held(site: Site) -> dict[str, str]:
    """Every declared cookie by a name of its own (others are families of names), but the choice."""
    named = (one.name for one in site.declaration.cookies.items if one.storage == "cookie")
    return {name: "1" for name in named if _NAME.fullmatch(name) and name != cookies.CHOICE_COOKIE}


def _from_site(site: Site, asked: str, origin: str | None = None) -> HttpResponseBase:
    own = origin or min(choices.origins(site.declaration))
    path = reverse("cookie_banner_choice", args=[site.key])
    return answer(request_for(path, fields={"asked": asked}, headers={"Origin": own}))


def _same_items(site: Site, items: list[list[Any]]) -> bool:
    return {(one[0], one[1]) for one in items} == {one for one in _may_not_stay(site, ()) if one[1] != "beacon"}


def _may_not_stay(site: Site, said: tuple[str, ...]) -> set[tuple[str, str]]:
    """(name, storage) of items that stand under no purpose said yes to, and are not necessary."""
    items = site.declaration.cookies.items
    stay = {(one.name, str(one.storage)) for one in items if one.kind == "necessary" or one.group in said}
    return {(one.name, str(one.storage)) for one in items} - stay


def _proof(value: str) -> CookieChoice:
    return CookieChoice.objects.get(pk=value.partition(".")[0])


def _json(response: HttpResponseBase) -> Any:
    return json.loads(_body(response))


def _body(response: HttpResponseBase) -> bytes:
    return bytes(getattr(response, "content", b""))


def _home(site: Site) -> str:
    return reverse("home", args=[site.key])
