"""The family that a service helps (D12): added by a link one hands over, a child by the parent, withdrawn at once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.jobs.tasks import start
from tillit.faces.member_web.access import Member, member_of, member_page
from tillit.faces.member_web.blocking import NUMBER, last_day_of
from tillit.faces.member_web.requests import number_of
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import family, family_link
from tillit.journeys.assistance import own
from tillit.journeys.joining import Words
from tillit.journeys.sign_in import TooManyTriesError
from tillit.services.errors import ServiceError
from tillit.services.instruments import issuers

PAGE = "family"
FIELDS = ("given", "family", "born", "email")
_SALT, _LIVES = "tillit.family", 600


@sensitive_post_parameters(NUMBER)
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The family; a POST invites, adds a child, enters or blocks cards, takes somebody out, or takes one's yes back."""
    site = member.site
    if not family.offered(controller=site.controller) or said_on(site, PAGE) is None:
        raise Http404
    problem = link_made = act = ""
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            link_made = _act(request, member, act)
        except (ServiceError, TooManyTriesError) as error:
            problem = error.code
        else:
            if not link_made:
                messages.success(request, say(language(), f"family.done.{act}"))
                return redirect("family", site.key)
    context = member.context(
        page=PAGE,
        family=family.mine(controller=site.controller, subject_id=member.subject_id),
        cleans_up=own.offered(controller=site.controller, service="web_cleanup"),
        issuers=list(issuers(controller_id=site.controller.pk)),
        said=said_on(site, PAGE),
        problem=problem,
        act=act,
        link=request.build_absolute_uri(reverse("family_link", args=[site.key, link_made])) if link_made else "",
        typed=request.POST,
    )
    return render(request, "member_web/family.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, member: Member, act: str) -> str:
    post = request.POST
    own: dict[str, Any] = {"controller": member.site.controller, "subject_id": member.subject_id}
    one: dict[str, Any] = {"member_id": number_of(post.get("member", "0"))}
    match act:
        case "invite":
            return family.invite(**own, name=post.get("name", "")[:200], relation=post.get("relation", "")[:8])
        case "child":
            family.add_child(
                **own,
                given=post.get("given", "")[:200],
                surname=post.get("family", "")[:200],
                born=post.get("born", "")[:10],
                agreed=post.get("agreed") == "1",
                wording=say(language(), "family.child_yes"),
            )
        case "uninvite":
            family.withdraw_invitation(**own, invitation_id=number_of(post.get("invitation", "")))
        case "card":
            family.put_on(
                **own,
                **one,
                issuer=post.get("issuer", "")[:40],
                number=post.get(NUMBER, "")[:60],
                expires_on=last_day_of(post.get("expires", "")),
            )
        case "off":
            family.take_off(**own, **one, instrument_id=number_of(post.get("instrument", "")))
        case "block":
            family.block(**own, **one, language=language())
            start("blocks")
        case "remove":
            family.remove(**own, **one)
        case "withdraw":
            family.withdraw(**own, **one)
        case _:
            raise Http404
    return ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, controller: str, secret: str) -> HttpResponse:
    """The link somebody was handed: what it is about, and their own yes or no. A GET changes nothing."""
    site = site_or_404(controller)
    found = (
        family_link.invited(controller=site.controller, secret=secret)
        if family.offered(controller=site.controller)
        else None
    )
    member = member_of(request, site)
    context = {
        "site": site,
        "section": "min_side",
        "member": member,
        "said": said_on(site, PAGE),
        "typed": request.POST,
    }
    if found is None:
        return render(request, "member_web/family_over.html", context, status=404)
    context |= {"invitation": found[0], "by": found[1], "asks_born": True}
    if member is not None:
        known = family_link.known_birth(controller=site.controller, subject_id=member.subject_id)
        context["asks_born"] = not known
    if request.method != "POST":
        return render(request, "member_web/family_link.html", context)
    if request.POST.get("act") == "decline":
        family_link.decline(controller=site.controller, secret=secret)
        return render(request, "member_web/family_over.html", context | {"declined": True})
    try:
        _said_yes(request)
        if member is not None:
            family_link.accept(
                controller=site.controller,
                subject_id=member.subject_id,
                secret=secret,
                born=request.POST.get("born", "")[:10],
                wording=say(language(), "family.own_yes", name=found[1]),
            )
            messages.success(request, say(language(), "family.done.accept"))
            return redirect("family", site.key)
        return _stranger(request, site, secret, context)
    except (ServiceError, TooManyTriesError) as error:
        return render(request, "member_web/family_link.html", context | {"problem": error.code}, status=422)


def _said_yes(request: HttpRequest) -> None:
    if request.POST.get("agreed") != "1" and not request.POST.get("pending"):
        raise ServiceError("own-yes", "tick the box to say yes")


def _stranger(request: HttpRequest, site: Site, secret: str, context: dict[str, Any]) -> HttpResponse:
    """Somebody without a way in: their name and address, a code, and they are in."""
    network = signing_in.network_address(request)
    if not request.POST.get("pending"):
        typed = {key: request.POST.get(key, "").strip()[:254] for key in FIELDS}
        spoken = language()
        words = Words(
            say(spoken, "join.mail_subject", name=site.name),
            say(spoken, "join.mail_text", name=site.name),
            "",
            site.name,
        )
        code_id = family_link.ask_code(controller=site.controller, typed=typed, network_address=network, words=words)
        pending = signing.dumps([typed, str(code_id)], salt=f"{_SALT}:{site.key}")
        return render(request, "member_web/family_code.html", context | {"pending": pending, "email": typed["email"]})
    try:
        typed, code_id = signing.loads(request.POST["pending"], salt=f"{_SALT}:{site.key}", max_age=_LIVES)
    except signing.BadSignature:
        raise ServiceError("late", "that took too long") from None
    login = family_link.enter(
        controller=site.controller,
        secret=secret,
        typed=typed,
        code_id=UUID(code_id),
        code=request.POST.get("code", "")[:12],
        wording=say(language(), "family.own_yes", name=context["by"]),
        network=network,
    )
    if login is None:
        context |= {"pending": request.POST["pending"], "email": typed["email"], "problem": "code"}
        return render(request, "member_web/family_code.html", context, status=422)
    signing_in.begin_session(request, login, "code")
    messages.success(request, say(language(), "family.done.accept"))
    return redirect("family", site.key)
