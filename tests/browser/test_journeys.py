"""What people do, from beginning to end, at two sizes, by keyboard, without scripts, in both languages."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from tests.browser import looking
from tests.browser.conftest import DESKTOP, PHONE, SIZES, Site, Window

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", SIZES)
def test_a_member_sees_changes_and_leaves_with_a_copy_without_any_script(
    window: Callable[..., Window], site: Site, size: str
) -> None:
    opened = window(SIZES[size], java_script_enabled=False)
    page = opened.sign_in(site.kari)
    expect(page.locator("h1")).to_have_text("Hei, Kari")
    expect(page.locator("main")).to_contain_text("125,50")
    opened.click("text=Kvitteringer")
    expect(page.locator("details")).to_have_count(20)
    opened.click("text=Eldre kvitteringer")
    expect(page.locator("details")).to_have_count(2)
    opened.click("nav >> text=Opplysningene dine")
    expect(page.locator("main")).to_contain_text(site.kari.email)
    folded, button = page.locator("main details > :not(summary)").first, page.locator("main .ds-button").first
    expect(folded).to_be_hidden()
    page.emulate_media(media="print")
    expect(folded).to_be_visible()  # on paper nothing can be opened, and no button pressed
    expect(button).to_be_hidden()
    page.emulate_media(media="screen")
    opened.click("nav >> text=Samtykker")
    before = page.locator("form.t-choice", has_text="E-post: av").first
    with page.expect_navigation():
        before.locator("button").click()
    expect(page.get_by_role("status")).to_contain_text("Valget er lagret")
    expect(page.locator("form.t-choice", has_text="E-post: på").first).to_be_visible()
    with page.expect_navigation():
        page.locator("form.t-choice", has_text="E-post: på").first.locator("button").click()
    expect(page.get_by_role("status")).to_contain_text("Det stanser fra nå")
    opened.go("/rundtur/min-side/your-data/download/")
    with page.expect_download() as copy:
        page.click("text=Bare data (JSON)")
    assert site.kari.email in copy.value.path().read_text(encoding="utf-8")
    opened.click("text=Logg ut")
    opened.go("/rundtur/min-side/")
    expect(page).to_have_url(f"{site.address}/rundtur/sign-in/")


def _press(page: Page, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def _tab_to(page: Page, selector: str) -> None:
    """Tab until the element has the focus; each stop on the way must be visible."""
    for _ in range(60):
        _press(page, "Tab")
        outline = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);"
            " if (e.className === 'ds-skip-link') return e.getBoundingClientRect().height > 20;"
            " return e === document.body || s.outlineStyle !== 'none' || s.boxShadow !== 'none'; })()"
        )
        assert outline, f"the focus cannot be seen on {page.evaluate('document.activeElement.outerHTML')[:120]}"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("size", SIZES)
def test_signing_in_and_turning_a_switch_by_keyboard_alone(
    window: Callable[..., Window], site: Site, size: str
) -> None:
    opened = window(SIZES[size])
    page, since = opened.go("/rundtur/sign-in/"), time.time() - 1
    _press(page, "Tab")
    assert page.evaluate("document.activeElement.className") == "ds-skip-link"
    _press(page, "Enter")
    expect(page.locator("#main")).to_be_focused()
    _tab_to(page, "#address")
    page.keyboard.type(site.ola.email)
    _press(page, "Enter")
    page.wait_for_url("**/sign-in/code/")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(site.code_for(site.ola.email, since=since))
    _press(page, "Enter")
    page.wait_for_url("**/min-side/")
    _tab_to(page, "a[href$='/choices/']")
    _press(page, "Enter")
    page.wait_for_url("**/choices/")
    _tab_to(page, "form.t-choice button")
    _press(page, "Enter")
    expect(page.get_by_role("status")).to_contain_text("Valget er lagret")


def test_the_language_is_switched_and_stays(window: Callable[..., Window], site: Site) -> None:
    opened = window(PHONE)
    page = opened.go("/rundtur/statement/")
    expect(page.locator("h1")).to_contain_text("Personvernerklæring")
    opened.click("button:has-text('English')")
    expect(page).to_have_url(f"{site.address}/rundtur/statement/")
    expect(page.locator("h1")).to_contain_text("Privacy statement")
    assert page.evaluate("document.documentElement.lang") == "en"
    opened.go("/lyngheim/")
    expect(page.locator("main")).to_contain_text("What we promise you")


def test_g2_rejecting_cookies_is_as_easy_as_accepting_and_is_remembered(window: Callable[..., Window]) -> None:
    opened = window(DESKTOP)
    page = opened.go("/rundtur/")
    buttons = page.locator("section.t-cookies button")
    expect(buttons).to_have_count(2)
    looks = [
        button.evaluate(
            "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.fontSize, s.borderColor,"
            " Math.round(e.getBoundingClientRect().width), e.getBoundingClientRect().top]; }"
        )
        for button in buttons.all()
    ]
    assert looks[0] == looks[1]
    opened.click("text=Bare nødvendige")
    expect(page.locator("section.t-cookies")).to_have_count(0)
    opened.go("/rundtur/")
    expect(page.locator("section.t-cookies")).to_have_count(0)
    assert {cookie["name"] for cookie in opened.context.cookies()} <= {"tillit_csrf", "tillit_cookie_choice"}
    opened.go("/skogheim/")
    expect(page.locator("section.t-cookies")).to_have_count(1)


def test_links_of_the_statement_lead_to_their_sections_and_print_leaves_out_the_frame(
    window: Callable[..., Window],
) -> None:
    opened = window(DESKTOP)
    page = opened.go("/rundtur/statement/")
    for link in page.locator(".statement-contents a").all():
        target = link.get_attribute("href") or ""
        assert page.locator(f"[id='{target.removeprefix('#')}']").count() == 1, target
    page.emulate_media(media="print")
    expect(page.locator("nav.t-nav")).to_be_hidden()
    expect(page.locator(".t-language")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()


def test_external_links_are_marked(window: Callable[..., Window]) -> None:
    page = window(DESKTOP).go("/rundtur/statement/")
    external = page.locator("main a[href^='http']")
    assert external.count() > 0
    for link in external.all():
        assert "external" in (link.get_attribute("rel") or "")
    mark = external.first.evaluate("e => getComputedStyle(e, '::after').content")
    assert "↗" in mark
    expect(page.locator("main")).to_contain_text("Der gjelder deres egne vilkår")


def test_b6_a9_a_passkey_in_chromium_for_a_member_and_for_staff(window: Callable[..., Window], site: Site) -> None:
    """Added and used through the browser's own WebAuthn, with Chromium's virtual authenticator."""
    opened = window(PHONE)
    at_localhost = replace(site, address=site.address.replace("127.0.0.1", "localhost"))
    opened.site = at_localhost
    session = opened.context.new_cdp_session(opened.page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    page = opened.sign_in(site.ola)
    opened.go("/rundtur/min-side/sign-ins/")
    opened.click("form[data-passkey] button")
    expect(page.get_by_role("status")).to_contain_text("Passnøkkelen er lagt til")
    opened.click("text=Logg ut")
    opened.go("/rundtur/sign-in/")
    opened.click("form[data-passkey] button")
    expect(page).to_have_url(f"{at_localhost.address}/rundtur/min-side/")
    opened.click("text=Logg ut")
    session.send("WebAuthn.disable")
    opened.sign_in_staff()
    opened.go("/staff/sign-in/security/")
    expect(page.locator("h1")).to_have_text("Innloggingen din")
    assert opened.trouble == []


def test_b2_b6_the_app_shows_what_was_kept_without_a_network_and_nothing_once_signed_out(
    window: Callable[..., Window], site: Site
) -> None:
    opened = window(PHONE)
    opened.site = replace(site, address=site.address.replace("127.0.0.1", "localhost"))
    page = opened.sign_in(site.ola)
    opened.go("/rundtur/min-side/app/")
    kept = "caches.has('tillit-rundtur-kept')"
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0
    page.click("[data-turn=on]")
    expect(page.locator("[data-on]")).to_be_visible()
    assert page.evaluate(kept)
    assert looking.kept(page, "bonus", "rundtur") == {
        ("/rundtur/app/worker.js", "worker"), ("tillit-rundtur-frame", "cache"), ("tillit-rundtur-kept", "cache"),
    }, "each by its own name"  # fmt: skip
    opened.context.set_offline(True)
    opened.go("/rundtur/min-side/cards/")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("h1")).not_to_have_text("Du er uten nett")
    opened.go("/rundtur/min-side/profile/")
    expect(page.locator("h1")).to_have_text("Du er uten nett")
    opened.context.set_offline(False)
    opened.go("/rundtur/min-side/")
    opened.click("text=Logg ut")
    gone = (
        f"(async () => {{ for (let turn = 0; turn < 3000 && await {kept}; turn++)"
        f" await new Promise(next => setTimeout(next, 20)); return !await {kept}; }})()"
    )
    assert page.evaluate(gone)
    next_person = [lambda: opened.sign_in(site.kari), lambda: opened.go("/rundtur/sign-in/with/nobody/back/")]
    for begins in next_person:  # with a code, and back from an outside service
        page.evaluate("caches.open('tillit-rundtur-kept')")
        assert page.evaluate(kept)
        begins()
        assert page.evaluate(gone)
    opened.go("/rundtur/min-side/app/")
    page.click("[data-turn=on]")
    expect(page.locator("[data-on]")).to_be_visible()
    assert page.evaluate(kept)
    opened.context.clear_cookies()
    opened.go("/rundtur/min-side/cards/")
    expect(page).to_have_url(f"{opened.site.address}/rundtur/sign-in/")
    assert page.evaluate(gone)
