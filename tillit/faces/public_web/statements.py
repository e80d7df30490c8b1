"""The statement: page, PDF, text, history and the difference between two versions, all from what is published (A3)."""

from dataclasses import dataclass, field
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.queries import version_declaration
from tillit.declaration.schema import Declaration
from tillit.declaration.statement import build, html, pdf, published, text
from tillit.declaration.statement.difference import SectionChange, difference
from tillit.declaration.statement.document import Document
from tillit.declaration.statement.parts.rights import VersionLine
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language

FORMS = {"pdf": ("application/pdf", "pdf"), "text": ("text/plain; charset=utf-8", "txt")}


@require_safe
def show(request: HttpRequest, controller: str, number: int | None = None) -> HttpResponse:
    """The statement in effect, or an earlier or coming version."""
    site = site_or_404(controller)
    version = _version(site, number)
    edition = _edition(site, version)
    current = site.version
    context = {
        "site": site,
        "section": "statement",
        "article": _article(edition),
        "title": _document(edition).title,
        "version": version,
        "is_current": version.pk == current.pk,
        "is_coming": version.number > current.number,
        "coming": _coming(site) if version.pk == current.pk else None,
        "previous": site.controller.versions.filter(number__lt=version.number).order_by("-number").first(),
    }
    return render(request, "public_web/statement.html", context)


@require_safe
def download(request: HttpRequest, controller: str, number: int, form: str) -> HttpResponse:
    """A version as PDF or text."""
    site = site_or_404(controller)
    if form not in FORMS:
        raise Http404
    version = _version(site, number)
    kind, suffix = FORMS[form]
    edition = _edition(site, version)
    body = _pdf(edition) if form == "pdf" else text.render_text(_document(edition)).encode()
    name = f"{site.key}-{version.number}-{edition.language}.{suffix}"
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": f'inline; filename="{name}"'})


@require_safe
def changes(request: HttpRequest, controller: str, before: int, after: int) -> HttpResponse:
    """What differs between two versions, section by section."""
    site = site_or_404(controller)
    old, new = _version(site, before), _version(site, after)
    context = {
        "site": site,
        "section": "statement",
        "old": old,
        "new": new,
        "verdict": html.render_sections(_verdict(site, old, new)),
        "sections": differing(site, before, after),
    }
    return render(request, "public_web/changes.html", context)


def differing(site: Site, before: int, after: int) -> tuple[SectionChange, ...]:
    """What differs between two versions, section by section, in the reader's language."""
    old, new = (_document(_edition(site, _version(site, number))) for number in (before, after))
    return difference(old, new)


def _verdict(site: Site, old: DeclarationVersion, new: DeclarationVersion) -> Document:
    """Each change, material or not, and why (A4)."""
    return published.difference(controller=site.controller, old=old.number, new=new.number, language=spoken(site))


def spoken(site: Site) -> str:
    """The reader's language where the controller publishes in it, else the controller's first."""
    known = site.declaration.controller.languages
    return language() if language() in known else known[0]


def names() -> dict[str, str]:
    """Names of all controllers by key."""
    return dict(Controller.objects.values_list("key", "name"))


def _version(site: Site, number: int | None) -> DeclarationVersion:
    if number is None:
        return site.version
    found = site.controller.versions.defer("document", "source_text").filter(number=number).first()
    if found is None:
        raise Http404
    return found


def _coming(site: Site) -> DeclarationVersion | None:
    """The next version that is published and not yet in effect (A4)."""
    later = site.controller.versions.defer("document", "source_text").filter(number__gt=site.version.number)
    return later.order_by("number").first()


@dataclass(frozen=True)
class _Edition:
    """All that a version's statement is made of: the same edition is the same document, whenever it is asked for."""

    digest: str
    language: str
    number: int
    lines: tuple[VersionLine, ...]
    names: tuple[tuple[str, str], ...]
    cookies_at: str
    declaration: Declaration = field(compare=False)  # what the digest is of


def _edition(site: Site, version: DeclarationVersion) -> _Edition:
    lines = tuple(
        VersionLine(
            row.number,
            row.published_at,
            row.effective,
            row.material,
            reverse("statement_version", args=[site.key, row.number]),
        )
        for row in site.controller.versions.defer("document", "source_text").order_by("-number")
    )
    return _Edition(
        version.digest,
        spoken(site),
        version.number,
        lines,
        tuple(sorted(names().items())),
        reverse("cookies", args=[site.key]),
        version_declaration(version),
    )


@lru_cache(maxsize=64)
def _document(of: _Edition) -> Document:
    return build.statement(
        of.declaration,
        of.language,
        versions=of.lines,
        number=of.number,
        names=dict(of.names),
        cookies_at=of.cookies_at,
    )


@lru_cache(maxsize=64)
def _article(of: _Edition) -> SafeString:
    return html.render_html(_document(of))


@lru_cache(maxsize=32)
def _pdf(of: _Edition) -> bytes:
    """Typesetting takes a second or so."""
    return pdf.render_pdf(_document(of))
