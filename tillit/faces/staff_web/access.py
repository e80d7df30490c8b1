"""Who is signed in as staff, for which controller, and the people they have found in this session."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from tillit.faces.signing_in import signed_in_since
from tillit.faces.site import Site, site_or_404
from tillit.journeys.rights.acting import may_handle, may_receive
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.parties.actors import staff_actor
from tillit.parties.errors import NotStaffError
from tillit.parties.models import StaffMember

SESSION = timedelta(hours=8)
_FOUND, _MOST = "found", 200


@dataclass(frozen=True)
class Worker:
    """A member of staff at one controller."""

    site: Site
    staff: StaffMember
    actor: Actor

    @property
    def handles_rights(self) -> bool:
        """Whether they handle requests about rights here."""
        return may_handle(self.actor, self.site.controller)

    @property
    def sees_proof(self) -> bool:
        """Whether their role may see how the promises are kept."""
        return self.actor.activities is None or "proof" in self.actor.activities

    @property
    def takes_requests(self) -> bool:
        """Whether they may take requests in here."""
        return may_receive(self.actor, self.site.controller)

    @property
    def handles_breaches(self) -> bool:
        """Whether they handle breaches here."""
        return "breach_handling" in (self.actor.activities or ())

    def context(self, **values: Any) -> dict[str, Any]:
        """Context of a page of the console."""
        return {"site": self.site, "worker": self, "section": "staff", **values}


def staff_of(request: HttpRequest) -> StaffMember | None:
    """The member of staff signed in in this browser, within the life of a session."""
    login = request.user
    if not login.is_authenticated or login.register_id is not None:
        return None
    since = signed_in_since(request)
    if since is None or clock.now() >= since + SESSION:
        logout(request)
        return None
    return StaffMember.objects.filter(login_id=login.pk, left__isnull=True).first()


def staff_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make `view(request, worker, …)` a page of the console at one controller; who has no role there finds nothing."""

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, controller: str, **values: Any) -> HttpResponse:
        staff = staff_of(request)
        if staff is None:
            return redirect("staff_sign_in")
        site = site_or_404(controller)
        try:
            actor = staff_actor(staff=staff, controller=site.controller)
        except NotStaffError:
            raise Http404 from None
        return view(request, Worker(site, staff, actor), **values)

    return page


def token_for(request: HttpRequest, controller: str, activity: str, subject_id: int) -> str:
    """A token of this session for a person found at a controller for a purpose."""
    found = request.session.get(_FOUND, {})
    entry = [controller, activity, subject_id]
    token = next((known for known, value in found.items() if value == entry), None)
    if token is None:
        token = secrets.token_urlsafe(12)
        found[token] = entry
        request.session[_FOUND] = dict(list(found.items())[-_MOST:])
    return token


def found_by(request: HttpRequest, controller: str, token: str) -> tuple[str, int]:
    """(purpose, subject) behind a token of this session at the controller; 404 for any other."""
    entry = request.session.get(_FOUND, {}).get(token)
    if entry is None or entry[0] != controller:
        raise Http404
    return str(entry[1]), int(entry[2])
