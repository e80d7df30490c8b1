"""The membership card on a phone, also without a network, checked by a supplier's camera (B2); benefits and orders."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SUPPLIER_KEYS, Site, Window
from tests.browser.looking import check, declared, kept  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser
MIN = "/lyngheim/min-side"
PATIENCE = 60_000


def shown(phone: Window) -> str:
    """The code on the card, once the page has made one itself."""
    card = phone.page.locator("[data-card][data-code]")
    card.wait_for(timeout=PATIENCE)
    return str(card.get_attribute("data-code"))


def checked(till: Window, code: str, says: str) -> None:
    """The till's camera opens the address in the code."""
    till.go("/supplier/orders/")
    till.go(f"/card/#{code}")
    expect(till.page.locator("main h2")).to_have_text(says, timeout=PATIENCE)
    assert code not in till.page.url


def test_b2_b3_b4_a_card_on_a_phone_and_an_order_to_its_supplier(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    phone, till = window(PHONE), window(PHONE)
    till.go("/supplier/")
    till.page.fill("#key", SUPPLIER_KEYS[-1])
    till.click("main form button")
    phone.sign_in(site.eva)

    phone.go(f"{MIN}/card/")
    code = shown(phone)
    assert phone.page.locator("[data-picture] svg path").count() == 1
    check(phone, declared)
    checked(till, code, "Gyldig")
    check(till, declared)
    checked(till, code[:-4] + "AAAA", "Ikke gyldig")

    phone.go(f"{MIN}/benefits/?q=fly")
    check(phone, declared)
    phone.click("text=Flyreiser")
    check(phone, declared)
    phone.click("text=Gå til")
    check(phone, declared)
    phone.go(f"{MIN}/benefits/rom/order/")
    check(phone, declared)
    for field, value in (("address", "Kaigata 2"), ("postal_code", "5003"), ("postal_place", "Bergen")):
        phone.page.fill(f"#{field}", value)
    phone.click("main form:has(#address) button")
    check(phone, declared)
    till.go("/supplier/orders/")
    expect(till.page.locator("main")).to_contain_text("Eva Strand")
    check(till, declared)
    till.page.check("input[name=field][value=order_address]")
    till.click("button[value=ask]")
    phone.page.reload()
    expect(phone.page.locator("main")).to_contain_text("ber om å få vite")
    check(phone, declared)
    phone.click("button[value=yes]")
    phone.go(f"{MIN}/orders/")
    check(phone, declared)

    phone.go(f"{MIN}/app/")
    phone.page.click("[data-turn=on]")
    expect(phone.page.locator("[data-on]")).to_be_visible(timeout=PATIENCE)
    phone.go(f"{MIN}/card/")
    shown(phone)
    phone.page.wait_for_function(
        "async () => (await indexedDB.databases()).some(one => one.name === 'tillit-lyngheim-kept')", timeout=PATIENCE
    )
    assert kept(phone.page, "union_benefits", "lyngheim") == {
        ("/lyngheim/app/worker.js", "worker"), ("tillit-lyngheim-frame", "cache"),
        ("tillit-lyngheim-kept", "cache"), ("tillit-lyngheim-kept", "indexed"),
    }  # fmt: skip
    phone.context.set_offline(True)
    phone.page.reload()
    assert shown(phone) != code
    checked(till, shown(phone), "Gyldig")
    phone.context.set_offline(False)
    phone.go(f"{MIN}/")
    phone.click("text=Logg ut")
    phone.page.wait_for_function(
        "async () => !(await indexedDB.databases()).some(one => one.name === 'tillit-lyngheim-kept')", timeout=PATIENCE
    )


def test_b3_the_catalogue_in_the_console(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
) -> None:
    desk = window(PHONE)
    desk.sign_in_staff()
    for path in ("", "new/", "rom/"):
        desk.go(f"/staff/lyngheim/benefits/{path}")
        check(desk, declared)
