"""Profile: correct one's own name, phone and e-mail; leaving."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import departure, profile
from tillit.journeys.phones import UNCONFIRMED, ask_by_text, confirm_by_code, state_phone
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.models import Relationship
from tillit.parties.queries import facts

_SALT = "tillit.new-address"
_TEN_MINUTES = 600


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What identifies the person, with a form for each part they may correct."""
    return _page(request, member)


@require_POST
@member_page
def name(request: HttpRequest, member: Member) -> HttpResponse:
    """Correct the name."""
    given, family = request.POST.get("given", ""), request.POST.get("family", "")
    try:
        with member.scope() as scope:
            profile.correct_name(
                scope=scope,
                controller=member.site.controller,
                subject_id=member.subject_id,
                given=given,
                family=family,
            )
    except IdentifierError:
        return _page(request, member, problem="name", typed={"given": given, "family": family})
    messages.success(request, say(language(), "profile.saved"))
    return redirect("profile", member.site.key)


@require_POST
@member_page
def phone(request: HttpRequest, member: Member) -> HttpResponse:
    """Give another phone number: it counts once a code sent to it has come back, or a colleague has confirmed it."""
    if request.POST.get("pending"):
        return _confirm_phone(request, member)
    typed = request.POST.get("phone", "")
    controller, spoken = member.site.controller, language()
    try:
        with member.scope() as scope:
            waits = state_phone(scope=scope, controller=controller, subject_id=member.subject_id, text=typed)
    except IdentifierError:
        return _page(request, member, problem="phone", typed={"phone": typed})
    if waits:
        sms = say(spoken, "profile.phone_sms", name=member.site.name)
        code_id = ask_by_text(controller=controller, subject_id=member.subject_id, text=typed, sms=sms)
        if code_id is not None:
            kept = [str(code_id), phones.normalise(typed)]
            pending = signing.dumps(kept, salt=f"{_SALT}.phone:{member.login_id}")
            return _code_page(request, member, pending, target="profile_phone")
    messages.success(request, say(spoken, "profile.phone_waits" if waits else "profile.saved"))
    return redirect("profile", member.site.key)


def _confirm_phone(request: HttpRequest, member: Member) -> HttpResponse:
    pending = request.POST.get("pending", "")
    try:
        code_id, number = signing.loads(pending, salt=f"{_SALT}.phone:{member.login_id}", max_age=_TEN_MINUTES)
        with member.scope() as scope:
            done = confirm_by_code(
                scope=scope,
                controller=member.site.controller,
                subject_id=member.subject_id,
                code_id=UUID(code_id),
                typed=request.POST.get("code", ""),
                number=number,
                letter=_letter(member, "phone"),
            )
    except signing.BadSignature:
        return _page(request, member, problem="late")
    except AlreadyClaimedError:
        return _page(request, member, problem="taken_phone")
    if not done:
        return _code_page(request, member, pending, problem="code", target="profile_phone")
    messages.success(request, say(language(), "profile.saved"))
    return redirect("profile", member.site.key)


@require_http_methods(["POST"])
@member_page
def email(request: HttpRequest, member: Member) -> HttpResponse:
    """Correct the e-mail address in two steps: a code goes to the new one, and comes back with it, signed."""
    pending = request.POST.get("pending", "")
    if not pending:
        return _ask_for_email(request, member)
    try:
        code_id, address = signing.loads(pending, salt=f"{_SALT}:{member.login_id}", max_age=_TEN_MINUTES)
        with member.scope() as scope:
            done = profile.confirm_new_email(
                scope=scope,
                controller=member.site.controller,
                subject_id=member.subject_id,
                code_id=UUID(code_id),
                typed=request.POST.get("code", ""),
                address=address,
                letter=_letter(member, "changed"),
            )
    except signing.BadSignature:
        return _page(request, member, problem="late")
    except AlreadyClaimedError:
        return _page(request, member, problem="taken_email")
    if not done:
        return _code_page(request, member, pending, problem="code")
    messages.success(request, say(language(), "profile.saved"))
    return redirect("profile", member.site.key)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def leave(request: HttpRequest, member: Member) -> HttpResponse:
    """End the relationship, after saying what follows."""
    if request.method == "POST" and request.POST.get("sure") == "1":
        departure.depart(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
        messages.success(request, say(language(), "leave.done"))
        return redirect("min_side", member.site.key)
    with member.scope():
        rows = Relationship.objects.filter(subject_id__in=member.people, ended__isnull=True, kind__in=departure.OWN)
        if not member.site.controller.holder:
            rows = rows.filter(controller_id=member.site.controller.pk)
        own = list(rows)
    missing = request.method == "POST"
    return render(request, "member_web/leave.html", member.context(page="profile", own=own, missing=missing))


def _page(request: HttpRequest, member: Member, problem: str = "", typed: dict[str, str] | None = None) -> HttpResponse:
    with member.scope():
        known = facts(subject_id=member.subject_id)
    values = {
        "given": known.get("name.given", ""),
        "family": known.get("name.family", ""),
        "email": known.get("email", ""),
        "phone": phones.format_for_reader(known["phone"]) if "phone" in known else "",
    }
    context = member.context(
        page="profile",
        values={**values, **(typed or {})},
        waiting_phone=phones.format_for_reader(known[UNCONFIRMED]) if UNCONFIRMED in known else "",
        may=profile.own_to_correct(controller=member.site.controller),
        problem=problem,
        said=said_on(member.site, "profile"),
    )
    return render(request, "member_web/profile.html", context, status=422 if problem else 200)


def _ask_for_email(request: HttpRequest, member: Member) -> HttpResponse:
    typed = request.POST.get("email", "")
    try:
        code_id, address = profile.ask_for_new_email(
            controller=member.site.controller,
            subject_id=member.subject_id,
            text=typed,
            letter=_letter(member, "new"),
        )
    except IdentifierError:
        return _page(request, member, problem="email", typed={"email": typed})
    pending = signing.dumps([str(code_id), address], salt=f"{_SALT}:{member.login_id}")
    return _code_page(request, member, pending)


def _code_page(
    request: HttpRequest, member: Member, pending: str, problem: str = "", target: str = "profile_email"
) -> HttpResponse:
    context: dict[str, Any] = member.context(page="profile", pending=pending, problem=problem, target=target)
    return render(request, "member_web/new_email.html", context, status=422 if problem else 200)


def _letter(member: Member, kind: str) -> profile.Letter:
    spoken, name = language(), member.site.name
    subject = say(spoken, f"profile.mail_{kind}_subject", name=name)
    return profile.Letter(subject, say(spoken, f"profile.mail_{kind}", name=name), name)
