"""What the declaration says of ways to sign in, tried on the pages themselves (B4, B6, H18)."""

import re
import secrets
import string
from collections.abc import Iterator
from datetime import date

from django.http import HttpResponseBase
from django.urls import reverse

from tillit.declaration.models import Controller
from tillit.declaration.queries import version_declaration, versions
from tillit.declaration.schema import Declaration
from tillit.faces.site import Site
from tillit.faces.visitor import answer, request_for
from tillit.journeys import openid, registration
from tillit.kernel import clock
from tillit.parties import passwords
from tillit.parties.models import Session
from tillit.parties.sessions import TWO_FACTORS

PAGES = {"password": "password_sign_in", "member_number": "sign_in_number", "registration": "register"}
EVERYWHERE = {"", "email_code", "passkey", "remembered_device", "code", "registration", *TWO_FACTORS}
"""Ways that sessions of people begin at every controller: a code, a passkey, the browser remembered; coming back."""


def ways(controller_id: int, on: date) -> Iterator[str]:
    """Each declared way is offered and opens, no other one does; no session was begun in a way nobody declares."""
    site = Site(Controller.objects.get(pk=controller_id))
    offered = registration.offered(site.declaration)
    page = _body(answer(request_for(reverse("sign_in", args=[site.key]))))
    for key, name in PAGES.items():
        path = reverse(name, args=[site.key])
        opens = answer(request_for(path)).status_code == 200
        shown = f'href="{path}"' in page
        if key in offered and not (opens and shown):
            yield f"signing in by {key} is declared and " + ("is not on the sign-in page" if opens else "does not open")
        if key not in offered and (opens or shown):
            yield f"signing in by {key} is not declared and " + ("opens" if opens else "is on the sign-in page")
    for way in site.declaration.sign_in_ways:
        if way.key == "password":
            yield from _short(way.at_least)
    declared = _declared(site.controller)
    begun = Session.objects.filter(login__register_id=site.controller.register_id, expire_date__gt=clock.now())
    methods = set(begun.order_by().values_list("method", flat=True).distinct())
    for method in sorted(methods - EVERYWHERE - declared):
        yield f"sessions were begun by {method}, which no declaration has"


def providers(controller_id: int, on: date) -> Iterator[str]:
    """The sign-in page leads to the declared services that stand open here, as they are, and to no others."""
    site = Site(Controller.objects.get(pk=controller_id))
    declared = {one.key: one.issuer for one in site.declaration.sign_in_providers}
    page = _body(answer(request_for(reverse("sign_in", args=[site.key]))))
    pattern = re.escape(reverse("outside", args=[site.key, "which"])).replace("which", r"([-\w]+)")
    shown = set(re.findall(pattern, page))
    for key in sorted(shown - {*declared}):
        yield f"the sign-in page leads to {key}, which is not declared"
    for one in openid.providers(site.declaration):
        if one.key not in shown:
            yield f"{one.key} is declared and stands open, and is not on the sign-in page"
        if one.issuer != declared.get(one.key):
            yield f"{one.key} is asked at another address than is declared"


def _short(at_least: int) -> Iterator[str]:
    """A password of one character less than declared is refused for that, one that is long enough is not."""
    word = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(at_least))
    if "short" not in passwords.faults(password=word[:-1], at_least=at_least):
        yield "a password that is shorter than declared is taken"
    if "short" in passwords.faults(password=word, at_least=at_least):
        yield "a password that is as long as declared is refused"


def _declared(controller: Controller) -> set[str]:
    """Ways and services that any version of the register's controllers has declared."""
    every = Controller.objects.filter(register_id=controller.register_id)
    found = [version_declaration(one) for each in every for one in versions(controller_id=each.pk)]
    return {key for declaration in found for key in _keys(declaration)}


def _keys(declaration: Declaration) -> Iterator[str]:
    yield from (one.key for one in declaration.sign_in_ways)
    yield from (one.key for one in declaration.sign_in_providers)


def _body(response: HttpResponseBase) -> str:
    return bytes(getattr(response, "content", b"")).decode()
