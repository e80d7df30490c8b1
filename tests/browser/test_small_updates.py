"""Pages that renew a part of themselves: the draft as it is typed, a file under way. They store nothing (G1)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Site, Window
from tests.browser.looking import check, declared, kept
from tests.support import shops
from tillit.platform import paths

__all__ = ["declared"]  # a fixture
pytestmark = pytest.mark.browser


def test_g1_pages_that_renew_themselves_store_nothing(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site
) -> None:
    opened = window(PHONE)
    page = opened.sign_in_staff()
    opened.go("/staff/rundtur/declaration/")
    opened.click("main form button")
    check(opened, declared)
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
        page.locator("#text").press_sequentially("{")
    expect(page.locator("#faults [data-color=danger]")).to_be_visible()
    check(opened, declared)
    for name in ("preview", "publish"):
        opened.go(f"/staff/rundtur/declaration/draft/{name}/")
        check(opened, declared)
    opened.go("/staff/rundtur/declaration/draft/")
    opened.click("button[value=discard]")

    opened.go("/staff/rundtur/files/")
    page.select_option("#for", "purchases:butikk-fil")
    rows = "\n".join([shops.HEADER, shops.row(1, shops.card_number(1))])
    page.set_input_files("#file", {"name": "kjop.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    opened.click("main form button")
    opened.click("button[value=confirm]")
    page.wait_for_event("response", lambda answer: "hx-request" in answer.request.headers)
    expect(page.locator("#state progress")).to_be_visible()
    page.evaluate("one => one.replaceWith(one.cloneNode(true))", page.query_selector("#state"))  # it stands still
    check(opened, declared)
    assert kept(page, "bonus", "rundtur") == set(), "neither a database nor a cache nor a worker"


def test_f3_every_page_with_a_part_that_renews_itself_has_what_renews_it() -> None:
    """The call a caller is in stays theirs only as long as its page asks for it."""
    pages = {one: one.read_text(encoding="utf-8") for one in (paths.root() / "tillit" / "faces").rglob("*.html")}
    renewing = {one.name for one, text in pages.items() if " hx-" in text}
    assert {"calls.html", "draft.html", "import.html", "survey.html"} <= renewing
    assert {one.name for one, text in pages.items() if '{% include "tillit/htmx.html" %}' in text} == renewing
