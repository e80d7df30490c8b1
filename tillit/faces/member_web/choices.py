"""Consents and objections: a switch for each purpose and channel that the declaration gives the person (F1, F2)."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.consent.errors import UnknownChoiceError
from tillit.consent.operations import shown
from tillit.consent.queries import Switch
from tillit.declaration.schema import Activity
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.site import Site
from tillit.faces.templatetags.tillit import language, localised
from tillit.faces.texts import say
from tillit.journeys.choices import choose, standing
from tillit.kernel import clock


@dataclass(frozen=True)
class Purpose:
    """An activity with its switches."""

    activity: Activity
    switches: list[Switch]

    @property
    def interest(self) -> dict[str, str] | None:
        """The legitimate interest, where that is the ground."""
        return next((basis.interest for basis in self.activity.basis if basis.interest), None)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The switches; a POST turns one."""
    controller = member.site.controller
    if request.method == "POST":
        key, on = request.POST.get("activity", ""), request.POST.get("on") == "1"
        declared = member.site.declaration.activity(key)
        try:
            choose(
                actor=member.actor,
                controller=controller,
                subject_id=member.subject_id,
                activity=key,
                channel=request.POST.get("channel", ""),
                on=on,
                wording=wording(member.site, localised(declared.purpose) if declared else ""),
                route="min_side",
            )
        except UnknownChoiceError:
            messages.error(request, say(language(), "choices.unknown"))
        else:
            messages.success(request, say(language(), "choices.saved_on" if on else "choices.saved_off"))
        return redirect("choices", member.site.key)
    known = standing(actor=member.actor, controller=controller, subject_id=member.subject_id)
    purposes = [
        Purpose(activity, own)
        for activity in member.site.declaration.activities
        if (own := [switch for switch in known if switch.activity == activity.key])
    ]
    consents = [p for p in purposes if p.switches[0].kind == "consent"]
    objections = [p for p in purposes if p.switches[0].kind == "objection"]
    context = member.context(
        page="choices", consents=consents, objections=objections, said=said_on(member.site, "choices")
    )
    return render(request, "member_web/choices.html", context)


def wording(site: Site, text: str) -> str:
    """The digest of the words a choice is made on, which are kept."""
    return shown(controller_id=site.controller.pk, text=text, language=language(), at=clock.now())
