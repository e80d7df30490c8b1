"""What must be true of every page: readable by all, no wider than the screen, nothing asked of others, nothing stored
that is not declared.
"""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Window
from tillit.declaration.loader import load
from tillit.faces.cookie_scan.crawl import HELD
from tillit.kernel.iso_period import IsoPeriod
from tillit.platform import paths

AXE = paths.root() / "var" / "assets-test" / "axe.min.js"
# What passes is neither told of nor sent over: that takes longer than to look. No rule of these asks for style sheets.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}


def violations(page: Page) -> list[str]:
    """What axe finds wrong, each with the element it is about."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, rules).then(done => done.violations)", RULES)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def check(window: Window, declared: dict[str, dict[str, object]]) -> None:
    """What must be true of every page."""
    page = window.page
    where = page.url
    assert violations(page) == [], where
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{where} is wider than the screen"
    assert page.evaluate("document.documentElement.lang") in {"nb", "en"}
    assert page.locator("h1").count() == 1, where
    stored = page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length")
    assert stored == 0, f"{where} stores something in the browser"
    for cookie in window.context.cookies():
        _is_declared(dict(cookie), declared, page)
    foreign = [url for url in window.asked if not url.startswith((window.site.address, "data:"))]
    assert foreign == [], where
    assert window.trouble == [], where


def kept(page: Page, example: str, controller: str) -> set[tuple[str, str]]:
    """(name, storage) of what the page's origin holds beside cookies, all of it in the controller's register (G1)."""
    declaration, _ = load(paths.root() / "examples" / example / f"{controller}.yaml")
    held = page.evaluate(HELD)
    found = {
        (name, storage) for storage in ("local", "session", "indexed", "cache", "worker") for name in held[storage]
    }
    undeclared = found - {(one.name, one.storage) for one in declaration.cookies.items}
    assert undeclared == set(), f"{undeclared} at {page.url} stand in no register"
    return found


def _is_declared(cookie: dict[str, object], declared: dict[str, dict[str, object]], page: Page) -> None:
    item = declared.get(str(cookie["name"]))
    assert item is not None, f"{cookie['name']} is set at {page.url} and not in the cookie register"
    assert item["kind"] == "necessary", f"{cookie['name']} is set before anybody agreed"
    assert cookie["httpOnly"], f"{cookie['name']} can be read by scripts"
    assert cookie["sameSite"] in {"Lax", "Strict"}
    life: dict[str, str] = item["life"]  # type: ignore[assignment]
    seconds = -1.0 if cookie["expires"] == -1 else float(str(cookie["expires"])) - page.evaluate("Date.now() / 1000")
    if life["type"] == "session":
        assert seconds == -1.0, f"{cookie['name']} outlives the browser session"
    elif seconds != -1.0:
        length = IsoPeriod.parse(life["period"])
        assert seconds <= (length.months * 31 + length.days) * 86400, f"{cookie['name']} lives longer than declared"


@pytest.fixture(scope="module")
def declared() -> dict[str, dict[str, object]]:
    """The cookie register of the bonus operator, by name."""
    declaration, _ = load(paths.root() / "examples" / "bonus" / "rundtur.yaml")
    return {item.name: item.model_dump(mode="json") for item in declaration.cookies.items}
