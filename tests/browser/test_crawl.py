"""Every address that has a page, for every role, at every size, in both languages: nothing that axe finds (`soak`)."""

from collections.abc import Callable, Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.browser.conftest import AT_HOME, SIZES, Site, Window
from tests.browser.looking import violations
from tests.browser.test_pages import ARGUMENTS, MEMBER, STAFF, VISITOR
from tillit.declaration.vocabulary import vocabulary
from tillit.platform import database

pytestmark = [pytest.mark.browser, pytest.mark.soak]
LOCALES = ("nb-NO", "en-GB")
CONTROLLERS = ("rundtur", "nordkai", "lyngheim", "trygghavn", "fjordlys", "elvebakken")


def named() -> Iterator[tuple[str, list[str]]]:
    """(name, kinds of its arguments) of every address that takes none, or a controller's key alone, or is known."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, list[str]]]:
        for one in patterns:
            if isinstance(one, URLResolver):
                if str(one.pattern) != "api/":
                    yield from walk(one.url_patterns)
            else:
                yield str(one.name), list(one.pattern.converters)

    yield from walk(get_resolver().url_patterns)


def paths_of(controller: str) -> Iterator[str]:
    """The addresses of pages at a controller; what is asked of one with POST only answers 405 and is passed over."""
    for name, kinds in named():
        if name in ARGUMENTS:
            given = [controller if one == "rundtur" else one for one in ARGUMENTS[name]]
            yield reverse(name, args=given)
        elif set(kinds) <= {"controller"}:
            yield reverse(name, args=[controller] * len(kinds))


def look(opened: Window, paths: list[str]) -> list[str]:
    """What is wrong at the addresses that answer with a page."""
    found = []
    for path in paths:
        answer = opened.page.request.get(opened.site.address + path)
        if answer.status >= 500:
            found.append(f"{path}: {answer.status}")
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        page = opened.go(path)
        found += [f"{path}: {one}" for one in violations(page)]
        width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        found += [f"{path}: {width[0]} wide"] if width[0] > width[1] else []
        stored = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
        found += [f"{path} stores {one}" for one in stored]
        found += [f"{path} asks {url}" for url in opened.asked if not url.startswith((opened.site.address, "data:"))]
        found += [f"{path} says {line}" for line in opened.trouble]  # a script's fault, or what the policy refuses
        opened.asked.clear()
        opened.trouble.clear()
    return found


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
def test_every_page_of_a_visitor(window: Callable[..., Window], size: str, locale: str) -> None:
    opened = window(SIZES[size], locale)
    pages = [path for controller in CONTROLLERS for path in paths_of(controller)]
    assert {reverse(name, args=ARGUMENTS.get(name, ["rundtur"])) for name in VISITOR} <= set(pages)
    assert look(opened, sorted(set(pages))) == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
def test_every_page_of_a_member(window: Callable[..., Window], site: Site, size: str, locale: str) -> None:
    wrong = []
    for someone in (site.kari, site.eva, site.berit, AT_HOME[-1]):
        opened = window(SIZES[size], locale)
        opened.sign_in(someone)
        wrong += look(opened, sorted(set(paths_of(someone.controller.key))))
    assert wrong == []
    assert {reverse(name, args=ARGUMENTS.get(name, ["rundtur"])) for name in MEMBER} <= set(paths_of("rundtur"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
def test_every_page_of_every_role(window: Callable[..., Window], site: Site, size: str, locale: str) -> None:
    opened = window(SIZES[size], locale)
    opened.sign_in_staff()
    pages = sorted(path for path in set(paths_of("rundtur")) if path.startswith("/staff/rundtur/"))
    assert len(pages) >= len(STAFF) - 5
    kept, wrong = _roles(site), []
    try:
        for role in sorted(vocabulary().roles):
            _become(site, [role])
            wrong += [f"{role} {one}" for one in look(opened, pages)]
    finally:
        _become(site, kept)
    assert wrong == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
def test_every_desk_of_every_controller(window: Callable[..., Window], size: str, locale: str) -> None:
    opened = window(SIZES[size], locale)
    opened.sign_in_staff()
    pages = {path for key in (*CONTROLLERS, "solvik") for path in paths_of(key) if path.startswith("/staff/")}
    ends = {reverse("staff_sign_out")}
    assert look(opened, sorted(pages - ends)) == []


def _roles(site: Site) -> list[str]:
    with database.connect("owner", name=site.database, autocommit=True) as owner:
        rows = owner.execute("SELECT role FROM parties_staff_role WHERE ended IS NULL ORDER BY id").fetchall()
    return [str(row[0]) for row in rows]


def _become(site: Site, roles: list[str]) -> None:
    """The one member of staff has these roles and no other; those they had are put back afterwards."""
    with database.connect("owner", name=site.database, autocommit=True) as owner:
        ids = [row[0] for row in owner.execute("SELECT id FROM parties_staff_role ORDER BY id").fetchall()]
        owner.execute("UPDATE parties_staff_role SET ended = '2026-01-02'")
        for role, role_id in zip(roles, ids, strict=False):
            owner.execute("UPDATE parties_staff_role SET role = %s, ended = NULL WHERE id = %s", [role, role_id])
