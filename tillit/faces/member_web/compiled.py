"""The compiled profile (C16): every part shown, and changed or deleted by the member."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.bonus import profiles
from tillit.declaration.models import Controller
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The parts; a POST keeps the words that are ticked of one part, and without any deletes it."""
    if request.method == "POST":
        asked = request.POST.get("part", "")
        if asked.isdecimal() and len(asked) < 20:
            with member.scope() as scope:
                words = request.POST.getlist("word")
                if profiles.keep(scope=scope, subject_id=member.subject_id, part_id=int(asked), words=words):
                    messages.success(request, say(language(), "compiled.done"))
        return redirect("compiled_profile", member.site.key)
    with member.scope() as scope:
        found = profiles.parts(subject_id=member.subject_id, controller_ids=sorted(scope.controllers))
    names = dict(Controller.objects.filter(pk__in=[one.controller_id for one in found]).values_list("pk", "name"))
    parts = [(one, names[one.controller_id]) for one in found]
    return render(request, "member_web/compiled.html", member.context(page="profile", parts=parts))
