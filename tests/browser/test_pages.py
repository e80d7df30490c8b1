"""Every page, found by the names of its addresses, in real Chromium: readable by all, no wider than the screen, nothing
asked of others, nothing stored that is not declared."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Page

from tests.browser.conftest import SIZES, Site, Window
from tillit.cases.rights import RIGHTS
from tillit.declaration.loader import load
from tillit.kernel.iso_period import IsoPeriod
from tillit.platform import paths

pytestmark = pytest.mark.browser
AXE = paths.root() / "var" / "assets-test" / "axe.min.js"
# What passes is neither told of nor sent over: that takes longer than to look. No rule of these asks for style sheets.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}
LARGEST = 100_000

VISITOR = [
    "accessibility",
    "app_offline",
    "front",
    "home",
    "statement",
    "statement_version",
    "statement_changes",
    "cookies",
    "sign_in",
    "join",
    "staff_sign_in",
    "programme_terms",
    "newsletter",
    "supplier_sign_in",
    "seminars",
    "public_benefits",
    "job_application",
    "contact",
    "become_customer",
    "competitions",
    "draws",
    "tip",
]
MEMBER = [
    "terms",
    "app",
    "min_side",
    "receipts",
    "vouchers",
    "offers",
    "your_data",
    "who_looked",
    "received",
    "messages",
    "your_data_download",
    "enquiries",
    "requests",
    "request_new",
    "choices",
    "cards",
    "consent_receipts",
    "identity",
    "interests",
    "complaints",
    "complaint_new",
    "profile",
    "compiled_profile",
    "handover",
    "sign_ins",
    "leave",
]
STAFF = [
    "staff_desk",
    "staff_declaration",
    "staff_audit",
    "staff_colleagues",
    "staff_audiences",
    "staff_breaches",
    "staff_claims",
    "staff_misuse",
    "staff_complaints",
    "staff_enquiries",
    "staff_holds",
    "staff_imports",
    "staff_rows",
    "staff_enquiry_stranger",
    "staff_enrol",
    "staff_webhooks",
    "staff_operator_report",
    "staff_promises",
    "staff_population",
    "staff_market_hub",
    "staff_advertising",
    "staff_campaigns",
    "staff_visits",
    "staff_surveys",
    "staff_survey_new",
    "staff_competitions",
    "staff_competition_new",
    "staff_seminars",
    "staff_seminar_new",
    "staff_reception",
    "staff_applications",
    "staff_employees",
    "staff_employee_new",
    "staff_contacts",
    "staff_contact_new",
    "staff_follow_up",
    "staff_refunds",
    "staff_reports",
    "staff_requests",
    "staff_request_stranger",
    "staff_settlements",
    "staff_terms",
    "staff_value",
    "staff_search",
]
# Reached in the journeys, since they need a code, a search or a form first.
JOURNEYS = [
    "assistance",
    "assistance_service",
    "assistance_case",
    "advice",
    "belongings",
    "belonging",
    "staff_assistance",
    "staff_assistance_case",
    "blocking",
    "staff_blocks",
    "payments",
    "insurance",
    "own_insurances",
    "insurance_claim",
    "staff_insurance",
    "staff_insurance_claim",
    "staff_payments",
    "staff_payments_person",
    "staff_books",
    "staff_block",
    "complaint",
    "staff_complaint",
    "staff_cards",
    "staff_audience",
    "staff_consents",
    "staff_consent_proof",
    "newsletter_confirm",
    "newsletter_asked",
    "staff_campaign",
    "staff_bonus",
    "staff_alerts",
    "staff_consumption",
    "staff_consumption_period",
    "consumption",
    "consumption_period",
    "home_energy",
    "home_energy_of",
    "alerts",
    "staff_misuse_case",
    "staff_terms_draft",
    "staff_identity",
    "voucher",
    "bonus_history",
    "join_link",
    "sign_in_code",
    "staff",
    "staff_sign_in_code",
    "staff_factor",
    "staff_set_up",
    "staff_security",
    "staff_person",
    "staff_merge",
    "staff_circumstances",
    "request",
    "staff_request",
    "staff_request_new",
    "staff_breach",
    "unsubscribe",
    "enquiry",
    "staff_enquiry",
    "staff_enquiry_new",
    "staff_hold_new",
    "staff_benefits",
    "staff_benefit",
    "staff_benefit_new",
    "membership_card",
    "benefits",
    "benefit",
    "benefit_out",
    "order_form",
    "orders",
    "order",
    "card_check",
    "supplier_orders",
    "staff_import",
    "staff_draft",
    "staff_draft_preview",
    "staff_draft_publish",
    "staff_draft_history",
    "staff_row",
]
# Seen by Django's client (test_registration, test_push, test_supply …), not crawled: they need numbers or a link first.
BY_CLIENT = [
    "order_service",
    "child_cleanups",
    "child_cleanup",
    "staff_services_person",
    "staff_supply",
    "supply",
    "services",
    "family",
    "family_link",
    "survey",
    "seminar",
    "seminar_mine",
    "reception_screen",
    "staff_application",
    "staff_employee",
    "public_benefit",
    "staff_contact",
    "employment",
    "job_keep",
    "competition",
    "competition_confirm",
    "seminar_confirm",
    "staff_survey",
    "staff_competition",
    "staff_seminar",
    "app_notices",
    "lost",
    "password",
    "password_sign_in",
    "register",
    "rejoin",
    "sign_in_number",
    "staff_access",
    "stop_access",
]
# No page: a form's target, a file, a style sheet.
OTHERS = {
    "staff_things_extract": "file",
    "child_cleanup_file": "file",
    "draw_tickets": "file",
    "seminar_calendar": "file",
    "staff_reception_badge": "file",
    "staff_application_file": "file",
    "staff_reception_house": "file",
    "seminar_file": "file",
    "staff_survey_chart": "file",
    "staff_survey_file": "file",
    "staff_seminar_file": "file",
    "oauth_metadata": "JSON",
    "password_remove": "form",
    "outside": "elsewhere",
    "outside_back": "elsewhere",
    "manifest": "JSON",
    "app_worker": "script",
    "app_installed": "beacon",
    "icon": "image",
    "language": "form",
    "request_download": "form",
    "staff_request_download": "form",
    "staff_breach_form": "file",
    "complaint_file": "form",
    "staff_complaint_file": "form",
    "staff_recording": "form",
    "invoice": "file",
    "insurance_claim_file": "file",
    "own_insurance_terms": "file",
    "staff_invoice": "file",
    "staff_insurance_file": "file",
    "staff_books_file": "form",
    "acquirer_report": "JSON",
    "assistance_file": "file",
    "staff_assistance_file": "file",
    "belonging_file": "file",
    "belongings_extract": "file",
    "staff_misuse_file": "form",
    "staff_claim_letter": "form",
    "staff_report_chart": "file",
    "staff_settlement_file": "file",
    "staff_operator_chart": "file",
    "staff_operator_file": "file",
    "staff_visits_chart": "file",
    "consent_receipts_file": "file",
    "consent_receipt_proof": "file",
    "staff_consent_file": "file",
    "measure": "leads on, or is a picture",
    "staff_campaign_html": "a mail as it looks, of its own style",
    "staff_follow_up_chart": "file",
    "staff_follow_up_file": "file",
    "staff_visits_file": "file",
    "visits_choice": "form",
    "staff_report_file": "file",
    "request_take_back": "form",
    "cookie_choice": "form",
    "cookie_banner": "script",
    "cookie_banner_register": "JSON",
    "cookie_banner_choice": "JSON",
    "passkey": "form",
    "passkey_options": "JSON",
    "passkey_add": "form",
    "passkey_add_options": "JSON",
    "staff_passkey": "form",
    "staff_passkey_options": "JSON",
    "staff_passkey_add": "form",
    "staff_passkey_add_options": "JSON",
    "sign_out": "form",
    "staff_sign_out": "form",
    "profile_name": "form",
    "profile_phone": "form",
    "profile_email": "form",
    "statement_download": "file",
    "look": "style sheet",
    "security_txt": "text",
    "health": "JSON",
    "enquiry_file": "file",
    "enquiry_take_back": "form",
    "staff_enquiry_file": "file",
    "sms_report": "JSON",
    "sms_in": "JSON",
    "membership_card_key": "JSON",
    "benefit_code": "form",
    "consumption_file": "file",
    "staff_benefits_file": "file",
    "supplier_sign_out": "form",
}
ARGUMENTS: dict[str, list[object]] = {
    "front": [],
    "newsletter": ["solvik"],
    "staff_sign_in": [],
    "supplier_sign_in": [],
    "staff_rows": ["rundtur", "purchases", "butikk-fil"],
    "staff_population": ["fjordlys"],
    "staff_market_hub": ["fjordlys"],
    "staff_advertising": ["lyngheim"],
    "seminars": ["solvik"],
    "public_benefits": ["lyngheim"],
    "competitions": ["lyngheim"],
    "tip": ["lyngheim"],
    "staff_surveys": ["fjordlys"],
    "staff_survey_new": ["fjordlys"],
    "staff_competitions": ["lyngheim"],
    "staff_competition_new": ["lyngheim"],
    "staff_seminars": ["solvik"],
    "staff_seminar_new": ["solvik"],
    "staff_reception": ["fjordlys"],
    "staff_applications": ["solvik"],
    "staff_employees": ["solvik"],
    "staff_employee_new": ["solvik"],
    "staff_contacts": ["solvik"],
    "staff_contact_new": ["solvik"],
    "job_application": ["solvik"],
    "contact": ["solvik"],
    "become_customer": ["fjordlys"],
    "request_new": ["rundtur", "erasure"],
    "statement_version": ["rundtur", 1],
    "statement_changes": ["rundtur", 1, 1],
}


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """The names of the pages. The API has no pages: its document and tests say what it answers."""
    for pattern in patterns:
        if str(pattern.pattern) == "api/":
            continue
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


def _path(name: str) -> str:
    return reverse(name, args=ARGUMENTS.get(name, ["rundtur"]))


def test_every_address_is_known_to_this_crawl() -> None:
    names = list(_names(get_resolver().url_patterns))
    assert len(names) == len(set(names))
    assert sorted(names) == sorted([*VISITOR, *MEMBER, *STAFF, *JOURNEYS, *BY_CLIENT, *OTHERS])


def violations(page: Page) -> list[str]:
    """What axe finds wrong, each with the element it is about."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, rules).then(done => done.violations)", RULES)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def check(window: Window, declared: dict[str, dict[str, object]]) -> None:
    """What must be true of every page."""
    page = window.page
    where = page.url
    assert violations(page) == [], where
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{where} is wider than the screen"
    assert page.evaluate("document.documentElement.lang") in {"nb", "en"}
    assert page.locator("h1").count() == 1, where
    stored = page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length")
    assert stored == 0, f"{where} stores something in the browser"
    for cookie in window.context.cookies():
        _is_declared(dict(cookie), declared, page)
    foreign = [url for url in window.asked if not url.startswith((window.site.address, "data:"))]
    assert foreign == [], where
    assert window.trouble == [], where


def _is_declared(cookie: dict[str, object], declared: dict[str, dict[str, object]], page: Page) -> None:
    item = declared.get(str(cookie["name"]))
    assert item is not None, f"{cookie['name']} is set at {page.url} and not in the cookie register"
    assert item["kind"] == "necessary", f"{cookie['name']} is set before anybody agreed"
    assert cookie["httpOnly"], f"{cookie['name']} can be read by scripts"
    assert cookie["sameSite"] in {"Lax", "Strict"}
    life: dict[str, str] = item["life"]  # type: ignore[assignment]
    seconds = -1.0 if cookie["expires"] == -1 else float(str(cookie["expires"])) - page.evaluate("Date.now() / 1000")
    if life["type"] == "session":
        assert seconds == -1.0, f"{cookie['name']} outlives the browser session"
    elif seconds != -1.0:
        length = IsoPeriod.parse(life["period"])
        assert seconds <= (length.months * 31 + length.days) * 86400, f"{cookie['name']} lives longer than declared"


@pytest.fixture(scope="module")
def declared() -> dict[str, dict[str, object]]:
    """The cookie register of the bonus operator, by name."""
    declaration, _ = load(paths.root() / "examples" / "bonus" / "rundtur.yaml")
    return {item.name: item.model_dump(mode="json") for item in declaration.cookies.items}


@pytest.mark.parametrize(
    ("size", "locale"), [pytest.param("phone", "nb-NO", marks=pytest.mark.soak), ("desktop", "en-GB")]
)
def test_g1_h18_public_pages(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    for name in VISITOR:
        opened.go(_path(name))
        check(opened, declared)


@pytest.mark.parametrize(
    ("size", "locale"), [("phone", "en-GB"), pytest.param("desktop", "nb-NO", marks=pytest.mark.soak)]
)
def test_g1_h18_pages_of_a_member(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site, size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    opened.go("/rundtur/sign-in/")
    opened.page.fill("#address", "nobody@post.example")
    opened.click("main form button")
    check(opened, declared)
    opened.sign_in(site.kari)
    for name in MEMBER:
        opened.go(_path(name))
        check(opened, declared)


@pytest.mark.parametrize(
    ("size", "locale"), [("phone", "nb-NO"), pytest.param("desktop", "en-GB", marks=pytest.mark.soak)]
)
def test_a9_pages_of_staff(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site, size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    page = opened.sign_in_staff()
    for name in STAFF:
        opened.go(_path(name))
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
        opened.go(_path(name))
        opened.click(link)
        check(opened, declared)
    opened.click("button[value=count]")
    check(opened, declared)
    opened.go(_path("staff_terms"))
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
    page = desk.sign_in_staff()
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
    pages += [_path(name) for name in MEMBER]
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
