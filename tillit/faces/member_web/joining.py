"""Joining on the web, or by the link that an SMS brought (C1): a form, two codes, a member."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.choices import wording
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language, localised
from tillit.faces.texts import say
from tillit.journeys import join_link, joining
from tillit.journeys.join import Agreement, Applicant, Joined, JoinRefusedError
from tillit.journeys.joining import Codes, Offer
from tillit.kernel.identifiers import phone
from tillit.kernel.scope import Actor
from tillit.parties.models import Login

FIELDS = ("given", "family", "street", "postal_code", "city", "email", "mobile", "birth_date")
LONGEST = 254
_SALT, _LIVES = "tillit.join", 600


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, controller: str) -> HttpResponse:
    """The form; a POST sends the codes, and the page with the codes joins."""
    return _page(request, _site(controller, "join"), page="join", mobile="")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, controller: str, token: str) -> HttpResponse:
    """The same behind the link of an SMS: the number it was sent to is known to be the reader's."""
    site = _site(controller, "join_link")
    number = join_link.opened(controller=site.controller, token=token)
    if number is None:
        context = {"site": site, "here": reverse("join", args=[site.key])}  # what was typed is not repeated
        return render(request, "member_web/join_late.html", context, status=404)
    return _page(request, site, page="join_link", mobile=number)


def _page(request: HttpRequest, site: Site, *, page: str, mobile: str) -> HttpResponse:
    if request.method != "POST":
        shown = {"mobile": phone.format_for_reader(mobile)} if mobile else {}
        return _form(request, site, page, typed=shown)
    if request.POST.get("pending"):
        return _confirm(request, site, page)
    typed = {field: request.POST.get(field, "").strip()[:LONGEST] for field in FIELDS}
    wrong = joining.faults(controller=site.controller, typed=typed)
    if request.POST.get("terms") != "1":
        wrong["terms"] = "terms"
    if wrong:
        return _form(request, site, page, typed=typed, wrong=wrong)
    applicant, sent = joining.ask(
        controller=site.controller,
        stated=joining.applicant_of(typed),
        network_address=signing_in.network_address(request),
        words=words(request, site),
        proven_mobile=mobile,
    )
    said = {"consents": request.POST.getlist("consent"), "topics": request.POST.getlist("topic")}
    return _codes(request, site, page, pack(site, applicant, sent, said), applicant, sent)


def _confirm(request: HttpRequest, site: Site, page: str) -> HttpResponse:
    pending = request.POST["pending"]
    try:
        applicant, sent, said = unpack(site, pending)
    except signing.BadSignature:
        return _form(request, site, page, problem="late")
    try:
        done = joined(request, site, applicant, sent, said, route="sms" if page == "join_link" else "web")
    except JoinRefusedError as error:
        return _form(request, site, page, problem=error.code)
    if done is None:
        problem = "spent" if joining.spent(sent) else "code"
        return _codes(request, site, page, pending, applicant, sent, wrong=True, problem=problem)
    if done.new:
        login = Login.objects.get(subject_id=done.subject_id)
        signing_in.begin_session(request, login, "email_code")
    return render(request, "member_web/joined.html", {"site": site, "section": "min_side", "joined": done})


def joined(
    request: HttpRequest,
    site: Site,
    applicant: Applicant,
    sent: Codes,
    said: dict[str, list[str]],
    *,
    route: str,
    actor: Actor | None = None,
    identity: str = "",
) -> Joined | None:
    """Join with the codes typed and what was said in the form before. Raises as `joining.confirm`."""
    return joining.confirm(
        controller=site.controller,
        applicant=applicant,
        sent=sent,
        email_code=request.POST.get("email_code", ""),
        mobile_code=request.POST.get("mobile_code", ""),
        route=route,
        agreements=agreements(site, said["consents"]),
        topics=said["topics"],
        network_address=signing_in.network_address(request),
        language=language(),
        actor=actor,
        identity=identity,
    )


def words(request: HttpRequest, site: Site, sms: str = "join.sms_text") -> joining.Words:
    """The wording of the codes, in the reader's language."""
    spoken, name = language(), site.name
    terms = request.build_absolute_uri(reverse("home", args=[site.key])) + "#programme"
    return joining.Words(
        say(spoken, "join.mail_subject", name=name),
        say(spoken, "join.mail_text", name=name),
        say(spoken, sms, name=name, terms=terms),
        name,
    )


def agreements(site: Site, chosen: list[str]) -> list[Agreement]:
    """The consents that were ticked, each with a digest of the words beside the box."""
    found = []
    for one in chosen:
        key, _, channel = one.partition(":")
        activity = site.declaration.activity(key)
        if activity is not None:
            found.append(Agreement(key, wording(site, localised(activity.purpose)), channel))
    return found


def pack(site: Site, applicant: Applicant, sent: Codes, said: dict[str, list[str]]) -> str:
    """What was typed, signed for this controller; it stays with the browser for as long as the codes live."""
    typed = {**asdict(applicant), "birth_date": applicant.birth_date.isoformat()}
    ids = [str(sent.email), str(sent.mobile or "")]
    return signing.dumps([typed, ids, said], salt=f"{_SALT}:{site.key}", compress=True)


def unpack(site: Site, pending: str) -> tuple[Applicant, Codes, dict[str, list[str]]]:
    """The same again. Raises `BadSignature` when it is another's, or too old."""
    typed, (by_mail, by_phone), said = signing.loads(pending, salt=f"{_SALT}:{site.key}", max_age=_LIVES)
    return joining.applicant_of(typed), Codes(UUID(by_mail), UUID(by_phone) if by_phone else None), said


def _site(key: str, page: str) -> Site:
    site = site_or_404(key)
    if said_on(site, page) is None or joining.offer(controller=site.controller) is None:
        raise Http404
    return site


def offered(site: Site) -> Offer:
    """What is said before joining."""
    found = joining.offer(controller=site.controller)
    if found is None:
        raise Http404
    return found


def consents_shown(site: Site, offer: Offer, chosen: list[str]) -> list[dict[str, Any]]:
    """Each purpose with a box for each channel; none is ticked unless the reader has ticked it (F1)."""
    shown: dict[str, dict[str, Any]] = {}
    for key, channel in offer.consents:
        purpose = shown.setdefault(key, {"activity": site.declaration.activity(key), "boxes": []})
        value = f"{key}:{channel}"
        purpose["boxes"].append({"value": value, "channel": channel, "on": value in chosen})
    return list(shown.values())


def _form(
    request: HttpRequest,
    site: Site,
    page: str,
    *,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    problem: str = "",
) -> HttpResponse:
    offer = offered(site)
    context = {
        "site": site,
        "page": page,
        "offer": offer,
        "said": said_on(site, page),
        "typed": typed or {},
        "wrong": wrong or {},
        "problem": problem,
        "purposes": consents_shown(site, offer, request.POST.getlist("consent")),
        "topics": request.POST.getlist("topic"),
    }
    return render(request, "member_web/join.html", context, status=422 if wrong or problem else 200)


def _codes(
    request: HttpRequest,
    site: Site,
    page: str,
    pending: str,
    applicant: Applicant,
    sent: Codes,
    *,
    wrong: bool = False,
    problem: str = "",
) -> HttpResponse:
    context = {
        "site": site,
        "page": page,
        "pending": pending,
        "email": applicant.email,
        "mobile": phone.format_for_reader(applicant.mobile) if sent.mobile else "",
        "wrong": wrong,
        "problem": problem,
    }
    return render(request, "member_web/join_codes.html", context, status=422 if wrong else 200)
