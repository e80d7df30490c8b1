"""Blocking a card, as the customer on a phone and as the desk see it (D2)."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Site, Window
from tests.browser.looking import check, declared  # noqa: F401 (a fixture)
from tests.services.conftest import CONFIRMS, number_that

pytestmark = pytest.mark.browser


def test_d2_a_card_is_entered_and_blocked_on_a_phone_and_seen_to_at_the_desk(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    number = number_that(CONFIRMS)
    opened = window(PHONE)
    page = opened.sign_in(site.berit)
    opened.click("nav a[href$='/blocking/']")
    check(opened, declared)
    page.select_option("#issuer", "nordbank")
    page.fill("#number", number[:-1])
    opened.click("main form:has(#number) button")
    opened.trouble.clear()  # the browser tells of the answer 422
    check(opened, declared)
    assert page.locator("#number-error").count() == 1
    page.fill("#number", number)
    opened.click("main form:has(#number) button")
    page.check("input[name=instrument]")
    opened.click("main button[value=block]")
    check(opened, declared)
    assert "på vei" in page.inner_text("main")
    desk = window(DESKTOP, "en-GB")
    page = desk.sign_in_staff()
    desk.go("/staff/trygghavn/blocks/")
    check(desk, declared)
    desk.click("main li.t-panel a")
    check(desk, declared)
    assert "Berit Havn" in page.inner_text("main")
    page.fill("main input[name=text]", "Called the bank")
    desk.click("main button[value=by_phone]")
    check(desk, declared)
    assert "Called the bank" in page.inner_text("main")
    assert number not in page.content()
