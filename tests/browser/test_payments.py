"""Payments and insurance as a customer sees them on a phone, and as the desks do (D7, D8)."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Site, Window
from tests.browser.looking import check, declared  # noqa: F401 (a fixture)
from tillit.kernel import clock

pytestmark = pytest.mark.browser


def test_d7_d8_a_claim_and_an_invoice_on_a_phone_and_at_the_desks(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    person = site.berit
    opened = window(PHONE)
    page = opened.sign_in(person)
    opened.click("nav a[href$='/payments/']")
    check(opened, declared)
    assert "499,00" in page.inner_text("main")
    opened.click("nav a[href$='/insurance/']")
    check(opened, declared)
    page.fill("#item", "Sykkelen")
    page.fill("#loss_on", clock.today().isoformat())
    opened.click("main form:has(#item) button")
    check(opened, declared)
    assert "Kravet er mottatt" in page.inner_text("main")
    desk = window(DESKTOP, "en-GB")
    page = desk.sign_in_staff("claims_handler")
    desk.go("/staff/trygghavn/insurance/")
    check(desk, declared)
    desk.click("main li.t-panel a")
    check(desk, declared)
    page.fill("#amount", "900,00")
    desk.click("main form:has(#amount) button")
    check(desk, declared)
    assert "900,00" in page.inner_text("main") or "900.00" in page.inner_text("main")
    desk.context.clear_cookies()
    desk.sign_in_staff()
    desk.go("/staff/trygghavn/payments/")
    check(desk, declared)
    desk.click("main li.t-panel a")
    check(desk, declared)
    assert "Berit Havn" in page.inner_text("main")
    desk.go("/staff/trygghavn/books/")
    check(desk, declared)
