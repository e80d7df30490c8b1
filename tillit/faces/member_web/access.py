"""Who is signed in here, and what they may do: every page of Min side goes through `member_page`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from tillit.declaration.site_parts import Cookie
from tillit.faces.public_web.cookies import allowed
from tillit.faces.signing_in import REMEMBER, begin_session, note_app, signed_in_since
from tillit.faces.site import Site, site_or_404
from tillit.journeys.sign_in import recognise
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope
from tillit.parties.actors import member_actor
from tillit.parties.merging import same_person

SESSION = timedelta(hours=12)


@dataclass(frozen=True)
class Member:
    """The signed-in person at one controller."""

    site: Site
    login_id: int
    subject_id: int
    actor: Actor

    @property
    def people(self) -> frozenset[int]:
        """Every subject of the person: more than one when they are merged (C3)."""
        return self.actor.subjects or frozenset({self.subject_id})

    def scope(self, activity: str = "self_service") -> Scope:
        """A scope for the person's own rows."""
        return Scope(self.actor, activity)

    def context(self, **values: Any) -> dict[str, Any]:
        """Context of a page of Min side."""
        return {"site": self.site, "section": "min_side", "member": self, **values}


def member_of(request: HttpRequest, site: Site) -> Member | None:
    """The person signed in to the controller's register in this browser, within the life of a session."""
    login = request.user
    if not login.is_authenticated or login.subject_id is None or login.register_id != site.controller.register_id:
        return None
    since: datetime | None = signed_in_since(request)
    if since is None or clock.now() >= since + SESSION:
        logout(request)
        return None
    people = same_person(login.subject_id)
    actor = member_actor(register_id=login.register_id, subject_id=login.subject_id, login_id=login.pk, people=people)
    return Member(site, login.pk, people[0], actor)


def member_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make `view(request, member, …)` a page of Min side; anyone else is asked to sign in, unless remembered."""

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, controller: str, **values: Any) -> HttpResponse:
        site = site_or_404(controller)
        if site.has_app:
            note_app(request)
        member, token = member_of(request, site), request.COOKIES.get(REMEMBER)
        life = remembered_for(request, site)
        if member is None and token and life is not None:
            login = recognise(controller=site.controller, token=token, idle=life)
            if login is not None:
                begin_session(request, login, "remembered_device")
                member = member_of(request, site)
                response = view(request, member, **values)
                keep_remembering(request, response, site, token)
                return response
        if member is None:
            return redirect("sign_in", site.key)
        return view(request, member, **values)

    return page


def remember_item(site: Site) -> Cookie | None:
    """The cookie of a browser that stays signed in, where the controller's cookie register has it with a life."""
    item = next((item for item in site.declaration.cookies.items if item.name == REMEMBER), None)
    return item if item is not None and item.life.period is not None else None


def remembered_for(request: HttpRequest, site: Site) -> timedelta | None:
    """How long this browser may stay signed in unused, as declared; None where it is not declared or not allowed."""
    item = remember_item(site)
    if item is None or item.life.period is None or not allowed(request, site, item):
        return None
    now = clock.now()
    return IsoPeriod.parse(item.life.period).add_to(now) - now


def keep_remembering(request: HttpRequest, response: HttpResponse, site: Site, token: str) -> None:
    """Have the browser hold the token for as long as declared from now, on this controller's pages only."""
    life = remembered_for(request, site)
    if life is not None:
        response.set_cookie(
            REMEMBER,
            token,
            max_age=life,
            path=reverse("home", args=[site.key]),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
