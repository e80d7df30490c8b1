"""A former member joins the union again on a phone (B7), and lets benefits be chosen for them (B10)."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FORMER, PHONE, Site, Window
from tests.browser.looking import check, declared  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser
MIN = "/lyngheim/min-side"
TYPED = {"email": "tilbake@post.example", "mobile": "+4740000641"}


def test_b7_b10_a_former_member_comes_back_on_a_phone_and_says_yes_to_benefits_that_are_chosen(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    site.forget_tries()
    phone, since = window(PHONE), time.time() - 1
    page = phone.go("/lyngheim/rejoin/")
    check(phone, declared)
    for field, value in {**FORMER[-1], **TYPED}.items():
        page.fill(f"#{field}", value)
    phone.click("main form button")
    check(phone, declared)
    page.fill("#email_code", site.code_for(TYPED["email"], since=since))
    page.fill("#mobile_code", site.code_for(TYPED["mobile"], since=since))
    phone.click("main form button")
    expect(page.locator("main")).to_contain_text("Yrkesaktiv")
    check(phone, declared)
    page.check("input[name=terms]")
    phone.click("main form button")
    assert page.url.endswith(f"{MIN}/")
    check(phone, declared)

    phone.go(f"{MIN}/interests/")
    check(phone, declared)
    page.check("input[value=reise]")
    phone.click("form:has(input[name=topic]) button")
    phone.go(f"{MIN}/benefits/")
    expect(page.locator("main")).to_contain_text("Ingenting her er valgt ut for deg")
    phone.go(f"{MIN}/choices/")
    phone.click("form:has(input[name=activity][value=marketing]):has(input[name=channel][value=web]) button")
    for path in (f"{MIN}/benefits/", f"{MIN}/"):
        phone.go(path)
        expect(page.locator("section:has(#chosen)")).to_contain_text("Fordi du har krysset av for Reise")
        check(phone, declared)
