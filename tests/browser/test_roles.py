"""The main work of each role in the console, by a colleague who has that role and no other, at both sizes (A9).

Who helps with a misused identity and who decides claims: test_assistance.py, test_payments.py.
"""

import csv
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COLLEAGUES, PHONE, SIZES, Site, Window
from tests.browser.looking import violations
from tillit.kernel import clock

pytestmark = pytest.mark.browser
NEWCOMER = {
    "given": "Nora",
    "street": "Kaigata 4",
    "postal_code": "9008",
    "city": "Tromsø",
    "birth_date": "1991-05-06",
}


def _find(desk: Window, text: str, purpose: str) -> Page:
    """Look a person up for a purpose, and open their page."""
    page = desk.go("/staff/rundtur/")
    page.select_option("#purpose", purpose)
    page.fill("#text", text)
    desk.click("main form:has(#text) button")
    desk.click("main li.t-choice a")
    return page


def _fetched(page: Page, what: str) -> str:
    """The path of the file that a click fetches."""
    with page.expect_download() as file:
        page.click(what)
    return str(file.value.path())


def customer_service(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """Somebody calls; what they ask is written down and answered."""
    page = _find(desk, "vestli", "customer_service")
    expect(page.locator("main")).to_contain_text(desk.site.ola.email)
    desk.click("main a[href$='/enquiry/']")
    page.fill("#subject", f"Spør om et kort, {size}")
    page.select_option("#topic", index=1)
    page.fill("#text", "Ringte og spurte hvordan et kort registreres.")
    desk.click("main form:has(#subject) button:last-of-type")
    page.fill("#reply", "Det gjør du på Min side.")
    desk.click("main form:has(#reply) button:last-of-type")
    expect(page.locator("main")).to_contain_text("Det gjør du på Min side.")
    desk.go("/staff/rundtur/enquiries/?part=all")
    expect(page.locator("table tr", has_text=f"Spør om et kort, {size}")).to_contain_text("Besvart")


def reception(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """A visitor comes and goes; somebody who wants to be a member is signed up with the codes they read out."""
    page = desk.go("/staff/fjordlys/reception/")
    page.fill("#name", f"Besøk {size}")
    desk.click("main button[value=in]")
    inside = page.locator("tr", has_text=f"Besøk {size}")
    expect(inside).to_have_count(1)
    with page.expect_navigation():
        inside.locator("button[value=out]").click()
    expect(inside).to_have_count(0)
    desk.go("/staff/rundtur/enrol/")
    email, mobile = f"nora-{size}@post.example", {"phone": "+4740000651", "desktop": "+4740000652"}[size]
    since = time.time() - 1
    for field, value in {**NEWCOMER, "family": f"Ny{size}", "email": email, "mobile": mobile}.items():
        page.fill(f"#{field}", value)
    page.check("input[name=identity] >> nth=0")
    desk.click("main form:has(#given) button")
    page.fill("#email_code", desk.site.code_for(email, since=since))
    page.fill("#mobile_code", desk.site.code_for(mobile, since=since))
    desk.click("main form:has(#email_code) button")
    desk.click("main a[href*='/person/']")
    expect(page.locator("h1")).to_have_text(f"Nora Ny{size}")


def marketing(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """A campaign is written, counted, seen as it will be, approved, and called off."""
    page = desk.go("/staff/rundtur/campaigns/")
    page.fill("#name", f"Høst {size}")
    page.select_option("#purpose", "marketing:email")
    desk.click("main form:has(#purpose) button")
    for field, text in (("subject", "Hei {given_name}"), ("body", "# Høst\n\nVelkommen."), ("fallback", "du")):
        page.fill(f"#{field}", text)
    desk.click("main button[value=count]")
    expect(page.locator("#size")).to_be_visible()
    desk.click("main button[value=preview]")
    expect(page.locator("section:has(#preview)")).to_contain_text("Velkommen.")
    desk.click("main button[value=approve]")
    expect(page.locator("main")).to_contain_text("Godkjent")
    assert violations(page) == []
    desk.click("main button[value=cancel]")
    expect(page.locator("main")).to_contain_text("Avbrutt")


def store(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """A voucher that a member shows is looked up by its code and taken back; the member has the money again."""
    member = open_another(PHONE)
    member.sign_in(desk.site.ola)
    shown = member.go("/rundtur/min-side/vouchers/")
    shown.fill("#amount", "3")
    member.click("form:has(#amount) button")
    code = shown.inner_text(".t-digits")
    expect(member.go("/rundtur/min-side/").locator("main")).to_contain_text("122,50")
    page = desk.go("/staff/rundtur/codes/")
    page.fill("#code", code)
    desk.click("main form:has(#code) button")
    expect(page.locator("section:has(#found)")).to_contain_text("3,00")
    desk.click("main button[value=undo]")
    expect(member.go("/rundtur/min-side/").locator("main")).to_contain_text("125,50")


def club_owner(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """The figures of the programme, as pictures, tables and a file."""
    page = desk.go("/staff/rundtur/reports/")
    drawn = "images => images.length === 2 && images.every(one => one.complete && one.naturalWidth > 0)"
    page.wait_for_load_state("load")
    assert page.locator("img.t-chart").evaluate_all(drawn), "a picture did not come"
    page.select_option("#months", index=0)
    desk.click("main form:has(#months) button")
    months = page.locator("table:has(caption) >> nth=0").locator("tbody tr").count()
    with open(_fetched(page, "main a[href*='/csv/']"), encoding="utf-8-sig") as file:
        assert len(list(csv.reader(file))) >= months > 0


def privacy_adviser(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """Somebody says they never agreed: one page says what was sent, on what ground, and what they did."""
    page = _find(desk, "mia", "rights_requests")
    desk.click("main a[href$='/proof/']")
    expect(page.locator("section:has(#acts) .t-panel").first).to_contain_text("Tilbud og markedsføring")
    assert violations(page) == []


def it_operations(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """A colleague who lost the phone sets up another at the next sign-in, and the trail says who let them."""
    page = desk.go("/staff/rundtur/colleagues/")
    lost = page.locator("main li.t-choice", has_text={"phone": "Liv Store", "desktop": "Liv Club Owner"}[size])
    lost.locator("input[name=seen]").check()
    with page.expect_navigation():
        lost.locator("button").click()
    expect(lost).to_contain_text("har ikke satt opp")
    desk.go("/staff/rundtur/trail/")
    page.select_option("#type", "factor.reset")
    desk.click("main form:has(#type) button")
    expect(page.locator("table tbody tr").first).to_contain_text("factor.reset")


def auditor(desk: Window, open_another: Callable[..., Window], size: str) -> None:
    """The books of a period as a file, the trail, and how the promises are kept."""
    page = desk.go("/staff/trygghavn/books/")
    page.fill("#end", (clock.today() + timedelta(days=1)).isoformat())
    with open(_fetched(page, "main form:has(#start) button"), encoding="utf-8-sig") as file:
        assert len(list(csv.reader(file, delimiter=";"))) > 1, "the invoice that a customer has"
    for path in ("trail", "promises"):
        expect(desk.go(f"/staff/trygghavn/{path}/").locator("h1")).to_be_visible()


WORK = (customer_service, reception, marketing, store, club_owner, privacy_adviser, it_operations, auditor)


@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.soak)])
@pytest.mark.parametrize("work", WORK, ids=lambda one: one.__name__)
def test_a9_a_colleague_of_one_role_does_its_work(
    window: Callable[..., Window], site: Site, work: Callable[..., None], size: str
) -> None:
    desk = window(SIZES[size])
    desk.sign_in_staff(work.__name__)
    work(desk, window, size)
    assert desk.trouble == []


def test_every_role_of_the_console_has_its_work_somewhere() -> None:
    elsewhere = {"id_agent", "claims_handler"}
    assert {one.__name__ for one in WORK} | elsewhere == COLLEAGUES.keys()
