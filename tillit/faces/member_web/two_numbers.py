"""The form that asks for both numbers and new addresses, and the page of the two codes: for a way in (B6), for joining
again (B7).
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tillit.faces.form_notices import said_on
from tillit.faces.site import Site
from tillit.kernel.identifiers import phone

FIELDS = ("member_number", "national_number", "email", "mobile")


def form(
    request: HttpRequest,
    site: Site,
    *,
    words: str,
    page: str,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    problem: str = "",
) -> HttpResponse:
    """The form of a declared page. words: the part of the texts; wrong: field → what is wrong with it."""
    context = {
        "site": site,
        "section": "min_side",
        "words": words,
        "said": said_on(site, page),
        "typed": typed or {},
        "wrong": wrong or {},
        "problem": problem,
    }
    return render(request, "member_web/register.html", context, status=422 if wrong or problem else 200)


def codes(
    request: HttpRequest, site: Site, kept: dict[str, str], pending: str, *, words: str, wrong: bool = False
) -> HttpResponse:
    """The page on which both codes are read. kept: the addresses they went to; pending: what is sent back, signed."""
    context = {
        "site": site,
        "section": "min_side",
        "words": words,
        "email": kept["email"],
        "mobile": phone.format_for_reader(kept["mobile"]),
        "pending": pending,
        "wrong": wrong,
    }
    return render(request, "member_web/register_codes.html", context, status=422 if wrong else 200)
