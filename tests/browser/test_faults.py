"""Pages of staff, pages that a form or a fault leads to, what a page weighs, and that a fault would be seen."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import SIZES, Site, Window
from tests.browser.looking import check, declared, violations
from tests.browser.test_pages import MEMBER, STAFF, path_of
from tillit.cases.rights import RIGHTS
from tillit.platform import paths

__all__ = ["declared"]  # a fixture
pytestmark = pytest.mark.browser
LARGEST = 100_000


@pytest.mark.parametrize(
    ("size", "locale"), [("phone", "nb-NO"), pytest.param("desktop", "en-GB", marks=pytest.mark.soak)]
)
def test_a9_pages_of_staff(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site, size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    page = opened.sign_in_staff()
    for name in STAFF:
        opened.go(path_of(name))
        check(opened, declared)
    page.select_option("#purpose", "customer_service")
    page.fill("#text", "nordseth")
    opened.click("main form button")
    check(opened, declared)
    assert "nordseth" not in page.url.lower()
    opened.click("text=Kari Nordseth")
    check(opened, declared)
    opened.click("main a[href$='/circumstances/']")
    check(opened, declared)
    page.go_back()
    opened.click("main a[href$='/bonus/']")
    check(opened, declared)
    page.go_back()
    opened.click("main a[href$='/merge/']")
    check(opened, declared)
    page.fill("#text", site.ola.email)
    opened.click("main form:has(#text) button")
    check(opened, declared)
    page.go_back()
    page.go_back()
    opened.click("text=Nytt søk" if locale == "nb-NO" else "text=New search")
    page.select_option("#purpose", "customer_service")
    page.fill("#text", "nobody at all")
    opened.click("main form button")
    check(opened, declared)
    for name, link in (("staff_misuse", "main li.t-choice a"), ("staff_audiences", "main li.t-choice a")):
        opened.go(path_of(name))
        opened.click(link)
        check(opened, declared)
    opened.click("button[value=count]")
    check(opened, declared)
    opened.go(path_of("staff_terms"))
    opened.click("main section form button")
    check(opened, declared)


@pytest.mark.parametrize(("size", "locale"), [("phone", "nb-NO"), ("desktop", "en-GB")])
def test_h8_a_request_from_min_side_to_its_answer(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site, size: str, locale: str
) -> None:
    member = window(SIZES[size], locale)
    member.sign_in(site.ola)
    for right in RIGHTS:
        member.go(f"/rundtur/min-side/requests/new/{right}/")
        check(member, declared)
    member.page.fill("#text", f"Written on a {size}")
    member.click("form.t-search button")  # a complaint
    check(member, declared)
    number = member.page.url.rstrip("/").rsplit("/", 1)[1]
    member.go("/rundtur/min-side/requests/new/access/")
    member.click("form.t-search button")
    check(member, declared)
    member.go("/rundtur/min-side/requests/")
    check(member, declared)
    desk = window(SIZES[size], locale)
    page = desk.sign_in_staff()
    desk.go("/staff/rundtur/requests/?show=all")
    check(desk, declared)
    desk.go(f"/staff/rundtur/requests/{number}/")
    check(desk, declared)
    page.fill("#decision", "Looked into, and it was in order.")
    desk.click("button[value=reject]")
    check(desk, declared)
    desk.go(f"/staff/rundtur/requests/{number}/")
    member.go(f"/rundtur/min-side/requests/{number}/")
    assert "Looked into" in member.page.locator("main").inner_text()
    check(member, declared)
    desk.go("/staff/rundtur/")
    page.select_option("#purpose", "customer_service")
    page.fill("#text", "vestli")
    desk.click("main form button")
    desk.click("text=Ola Vestli")
    desk.click("main a[href$='/request/']")
    check(desk, declared)
    for right in ("erasure", "objection", "rectification"):
        page.select_option("#right", right)
        desk.click("main form[method=get] button")
        check(desk, declared)


@pytest.mark.parametrize("size", SIZES)
def test_h12_a_breach_from_suspicion_to_assessment(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], size: str
) -> None:
    desk = window(SIZES[size])
    page = desk.sign_in_staff("privacy_adviser")
    desk.go("/staff/rundtur/breaches/")
    page.fill("#what", "En liste ble sendt til feil adresse.")
    page.check("input[value=suspected]")
    desk.click("main form button")
    check(desk, declared)
    desk.click("form:has(input[value=confirm]) button")
    page.check("input[value=high]")
    page.fill("#consequences", "Uønsket post.")
    desk.click("form:has(input[value=assess]) button")
    assert "De berørte må varsles" in page.locator("main").inner_text()
    check(desk, declared)
    desk.go("/staff/rundtur/breaches/")
    check(desk, declared)


def test_pages_that_tell_of_an_error_are_readable_too(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site
) -> None:
    opened = window(SIZES["phone"])
    opened.go("/nothing/")
    opened.click("button[lang=en]")
    assert "nothing" in opened.page.url
    assert opened.page.inner_text("h1") == "We did not find the page"
    opened.click("button[lang=nb]")
    opened.trouble.clear()  # the browser's own word on the 404
    check(opened, declared)
    opened.sign_in(site.eva)
    for path, field in (("/lyngheim/min-side/profile/", "phone-field"), ("/lyngheim/min-side/leave/", None)):
        page = opened.go(path)
        if field:
            page.fill(f"#{field}", "12")
            opened.click(f"form:has(#{field}) button")
        else:
            opened.click("main form[method=post]:has([name=sure]) button")
        opened.trouble.clear()
        assert violations(page) == []
        assert page.locator("[aria-invalid=true]").count() >= (1 if field else 0)


def test_an_undeclared_cookie_is_found_out(
    window: Callable[..., Window], declared: dict[str, dict[str, object]]
) -> None:
    opened = window()
    page = opened.go("/rundtur/")
    check(opened, declared)
    page.evaluate("document.cookie = 'stray=1; path=/'")
    with pytest.raises(AssertionError, match="not in the cookie register"):
        check(opened, declared)
    opened.context.clear_cookies(name="stray")
    page.evaluate("localStorage.setItem('stray', '1')")
    with pytest.raises(AssertionError, match="stores something"):
        check(opened, declared)


def test_a_fault_of_accessibility_is_found_out(window: Callable[..., Window]) -> None:
    page = window().go("/rundtur/sign-in/")
    assert violations(page) == []
    page.evaluate("document.querySelector('label[for=address]').remove()")
    assert any(line.startswith("label") for line in violations(page))


@pytest.mark.parametrize("path", ["/", "/rundtur/", "/trygghavn/statement/", "/lyngheim/cookies/", "/rundtur/sign-in/"])
def test_no_page_is_heavier_than_100_kb(window: Callable[..., Window], path: str) -> None:
    opened = window(SIZES["phone"])
    sizes: dict[str, int] = {}
    session = opened.context.new_cdp_session(opened.page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    opened.go(path)
    opened.page.wait_for_load_state("networkidle")
    assert 10_000 < sum(sizes.values()) <= LARGEST, json.dumps(sizes)


def test_assets_have_compressed_twins() -> None:
    assets = paths.root() / "var" / "assets"
    styles = [path for path in assets.rglob("*") if path.suffix in {".css", ".js"}]
    assert styles
    for path in styles:
        assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == path.read_bytes()


@pytest.mark.parametrize("language", ["nb-NO", "en-GB"])
def test_no_controller_s_pages_are_wider_than_a_small_phone(
    window: Callable[..., Window], site: Site, language: str
) -> None:
    """Every controller's own words, names and table cells, at 360 px: only a table scrolls, in its own box."""
    opened = window((360, 740), locale=language)
    homes = opened.go("/").eval_on_selector_all("a.t-tile", "links => links.map(link => link.pathname)")
    assert len(homes) == 10
    pages = [home + path for home in homes for path in ("", "statement/", "cookies/", "sign-in/")]
    opened.sign_in(site.kari)
    pages += [path_of(name) for name in MEMBER]
    too_wide = []
    for path in pages:
        page = opened.go(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        page.evaluate(f"for (const value of document.querySelectorAll('dd, li > span')) value.append('{'w' * 80}')")
        width = max(width, page.evaluate("document.documentElement.scrollWidth"))
        too_wide += [(path, width)] if width > 360 else []
    assert too_wide == []
    opened.go(homes[0] + "statement/")
    assert opened.page.locator(".statement-table").count() > 0
