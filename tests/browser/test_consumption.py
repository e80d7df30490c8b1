"""Use and cost on a phone and a screen: readable, no wider than the screen, arrow keys and a swipe lead on (E3, E4)."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import AT_HOME, DESKTOP, PHONE, Window
from tests.browser.looking import check, declared  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser
PAGE = "/fjordlys/min-side/consumption/"
SWIPE = """([from, to]) => {
  const touch = (x) => new Touch({ identifier: 1, target: document.querySelector("h1"), clientX: x, clientY: 200 });
  const send = (kind, x, on) => document.querySelector("h1").dispatchEvent(
    new TouchEvent(kind, { bubbles: true, touches: on ? [touch(x)] : [], changedTouches: [touch(x)] }));
  send("touchstart", from, true);
  send("touchend", to, false);
}"""


def test_e3_e4_use_and_cost_on_a_phone_and_a_screen(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
) -> None:
    phone = window(PHONE, "nb-NO")
    phone.sign_in(AT_HOME[-1])
    phone.go(PAGE)
    assert phone.page.locator("h2.t-period").inner_text().lower() == "mars 2026"
    check(phone, declared)
    assert phone.page.locator("svg.t-plot").count() == 2
    with phone.page.expect_navigation(url="**/1/2026-02/"):
        phone.page.evaluate(SWIPE, [80, 300])
    with phone.page.expect_navigation(url="**/1/2026-03/"):
        phone.page.keyboard.press("ArrowRight")
    for period in ("2026", "2025-10-26", "2025-10-26.3", "2024-01"):
        phone.go(f"{PAGE}1/{period}/")
        check(phone, declared)
    for path in ("home-energy", "alerts", "power"):
        phone.go(f"/fjordlys/min-side/{path}/")
        check(phone, declared)
    phone.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    for path in ("home-energy", "alerts", "power"):
        phone.go(f"/fjordlys/min-side/{path}/")
        check(phone, declared)
    phone.page.check("input[name=sure]")
    phone.click("button[value=delete]")
    assert phone.page.locator("button[value=start]").count() == 1, "the app is deleted, and may be started again"
    check(phone, declared)
    phone.go(f"{PAGE}1/2026-02/")
    check(phone, declared)
