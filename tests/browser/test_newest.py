"""Pages with people in them: office, calls, a service that a stranger orders, joining again, power."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.browser.conftest import AT_HOME, SIZES, Site, Window
from tests.browser.looking import check, declared
from tests.office.test_contacts import PER
from tests.office.test_employees import ANNE
from tests.outreach.test_calls import called
from tests.support import databases
from tillit.declaration.models import Controller
from tillit.parties import staff as staffing
from tillit.services import advice
from tillit.services.product_models import ProductPrice, ServiceProduct

__all__ = ["declared"]  # a fixture
pytestmark = pytest.mark.browser
LONG = "Trygghetsavtaleforsikringsordningen for hele storfamilien og alle som bor sammen med den"


@pytest.fixture(scope="module")
def campaign(site: Site, django_db_blocker: Any) -> int:
    """A campaign over the phone, a service that anybody may order, advice; the number of the campaign."""
    before = databases.repoint(site.database)
    with django_db_blocker.unblock():
        trygghavn = Controller.objects.get(key="trygghavn")
        product = ServiceProduct.objects.create(
            controller=trygghavn,
            key="trygghet",
            names={"nb": LONG, "en": LONG},
            services=["card_blocking", "object_registration"],
            payers=["customer"],
            starts=date(2025, 1, 1),
        )
        ProductPrice.objects.create(product=product, minor=9900, starts=date(2025, 1, 1))
        advice.keep(
            controller=trygghavn, key="las", service="object_registration", texts={"nb": LONG, "en": LONG}, gender=""
        )
        for key, role in (("solvik", "payroll"), ("trygghavn", "marketing"), ("trygghavn", "customer_service")):
            at = Controller.objects.get(key=key)
            staffing.add(email=site.staff, name="Siv Vakt", controller=at, role=role, confidentiality=date(2026, 1, 1))
        number = called(trygghavn, 2)[0].pk
    databases.repoint(before)
    return number


@pytest.mark.soak
@pytest.mark.parametrize(("size", "locale"), [("phone", "en-GB"), ("desktop", "nb-NO")])
def test_g1_h16_f3_d1_the_newest_pages_with_people_in_them(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],
    site: Site,
    campaign: int,
    size: str,
    locale: str,
) -> None:
    opened = window(SIZES[size], locale)
    _stranger(opened, declared)
    opened.sign_in(site.berit)
    for path in ("services/", "family/", "advice/"):
        _look(opened, declared, f"/trygghavn/min-side/{path}")
    opened.click("main h1 ~ form button")
    check(opened, declared)
    opened = window(SIZES[size], locale)
    opened.sign_in(AT_HOME[-1])
    _look(opened, declared, "/fjordlys/min-side/power/")
    opened = window(SIZES[size], locale)
    opened.sign_in_staff()
    _office(opened, declared)
    page = _look(opened, declared, f"/staff/trygghavn/campaigns/{campaign}/calls/")
    opened.click("main button[value=next]")
    check(opened, declared)
    assert page.locator("main a[href^='tel:']").count() == 1


def _look(opened: Window, declared: dict[str, dict[str, object]], path: str) -> Any:
    page = opened.go(path)
    check(opened, declared)  # the browser would tell of anything but 200
    return page


def _sent(opened: Window, declared: dict[str, dict[str, object]], button: str) -> None:
    """Send a form that the site may refuse with 422, which the browser tells of."""
    opened.click(button)
    opened.trouble.clear()
    check(opened, declared)


def _stranger(opened: Window, declared: dict[str, dict[str, object]]) -> None:
    send = "main form.t-form button.ds-button"
    page = _look(opened, declared, "/trygghavn/order-service/")
    _sent(opened, declared, send)
    assert page.locator("main [aria-invalid=true]").count() >= 3
    page.fill("#name", f"Kari {LONG}")
    for field, text in (("email", "kari@post.example"), ("mobile", "40000123"), ("birth_date", "1990-05-04")):
        page.fill(f"#{field}", text)
    page.check("input[name=terms]")
    opened.click(send)
    check(opened, declared)
    page.fill("#code", "000000")
    _sent(opened, declared, send)
    _look(opened, declared, "/lyngheim/rejoin/")
    _sent(opened, declared, send)


def _office(opened: Window, declared: dict[str, dict[str, object]]) -> None:
    for kind, typed in (("employees", ANNE), ("contacts", PER)):
        page = _look(opened, declared, f"/staff/solvik/{kind}/new/")
        save = "main form:has(#name) button.ds-button"
        _sent(opened, declared, save)
        for name, text in typed.items():
            if name == "kind":
                page.select_option("#kind", text)
            else:
                page.fill(f"#{name}", LONG if name in {"company", "work"} else text)
        opened.click(save)
        check(opened, declared)
        _look(opened, declared, f"/staff/solvik/{kind}/")
