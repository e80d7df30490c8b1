"""Payments and insurance as a customer sees them on a phone, and as the desks do (D7, D8)."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Site, Window
from tests.browser.test_pages import check, declared  # noqa: F401 (a fixture)
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.services import covers, invoices, terms

pytestmark = pytest.mark.browser


def test_d7_d8_a_claim_and_an_invoice_on_a_phone_and_at_the_desks(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    person = site.berit
    terms.keep_terms(controller=person.controller, starts=date(2020, 1, 1), account="12345678903")
    insured = covers.keep_terms(
        controller=person.controller, product="trygg", policy="TH-1", insures={"nb": "Sykkel", "en": "Bicycle"},
        most=2_000_000, own_share=50_000, starts=date(2020, 1, 1),
    )  # fmt: skip
    mine = {"subject_id": person.subject_id, "at": clock.now()}
    actor, subjects = system("test", {person.controller.pk}), frozenset({person.subject_id})
    with Scope(actor, "service_payments", subjects) as scope:
        invoices.issue(scope=scope, controller_id=person.controller.pk, lines=[("Trygghet", 49_900)], **mine)
    with Scope(actor, covers.ACTIVITY, subjects) as scope:
        covers.insure(scope=scope, terms=insured, starts=date(2024, 1, 1), ends=None, **mine)
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
    page = desk.sign_in_staff()
    desk.go("/staff/trygghavn/insurance/")
    check(desk, declared)
    desk.click("main li.t-panel a")
    check(desk, declared)
    page.fill("#amount", "900,00")
    desk.click("main form:has(#amount) button")
    check(desk, declared)
    desk.go("/staff/trygghavn/payments/")
    check(desk, declared)
    desk.click("main li.t-panel a")
    check(desk, declared)
    assert "Berit Havn" in page.inner_text("main")
    desk.go("/staff/trygghavn/books/")
    check(desk, declared)
