"""Min side."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tillit.faces.member_web.access import Member, member_page


@member_page
def home(request: HttpRequest, member: Member) -> HttpResponse:
    """What do I have, what is new, what do you know about me."""
    return render(request, "member_web/home.html", member.context())
