"""Help with a misused identity and registered objects, on a phone and at the desk (D3, D6)."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Site, Window
from tests.browser.looking import check, declared  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser


def test_d3_d6_a_mandate_is_signed_on_a_phone_an_agent_sees_the_case_and_an_object_is_entered(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    opened = window(PHONE)
    page = opened.sign_in(site.berit)
    opened.click("nav a[href$='/help/']")
    check(opened, declared)
    opened.click("main a[href$='/help/id-protection/']")
    check(opened, declared)
    page.fill("#text", "Noen har tatt opp et lån i navnet mitt")
    page.fill("#name", "Kredittbanken")
    page.fill("#address", "Postboks 1")
    opened.click("main form:has(#text) button")
    check(opened, declared)
    page.check("input[name=sure]")
    opened.click("main button[value=sign]")
    check(opened, declared)
    assert page.locator("main button[value=withdraw]").count() == 1
    opened.go("/trygghavn/min-side/objects/")
    page.fill("#name", "Sykkel")
    opened.click("main form:has(#name) button")
    check(opened, declared)
    opened.go("/trygghavn/min-side/objects/")
    check(opened, declared)
    desk = window(DESKTOP, "en-GB")
    page = desk.sign_in_staff("id_agent")
    desk.go("/staff/trygghavn/help/id-protection/")
    check(desk, declared)
    desk.click("main li.t-choice a")
    check(desk, declared)
    assert "Kredittbanken" in page.inner_text("main")
    page.fill("main textarea[name=text]", "4111 1111 1111 1111")
    desk.click("main form:has(input[value=letter]) button")
    desk.trouble.clear()  # the browser tells of the answer 422
    check(desk, declared)
    assert "•••• 1111" in page.input_value("main textarea")
