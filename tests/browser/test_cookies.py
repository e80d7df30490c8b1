"""The banner on another site of the controller, and the scan, in real Chromium (G1, G2)."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Site, Window
from tests.browser.looking import violations
from tests.support.browser import chromium
from tests.support.commands import tillit
from tests.support.other_site import STRANGER, other_site
from tillit.platform import database, paths

pytestmark = pytest.mark.browser
BANNER = "tillit-cookies section"
ITEM = """    - {name: shop_counter, group: analytics, owner: Fjordlys Kraft, purpose: {nb: Teller, en: Counts},
       kind: analytics, life: {type: fixed, period: P1Y}, storage: local}
    - {name: shop_baskets, group: analytics, owner: Fjordlys Kraft, purpose: {nb: Kurver, en: Baskets},
       kind: analytics, life: {type: fixed, period: P1Y}, storage: indexed}
    - {name: shop_pages, group: analytics, owner: Fjordlys Kraft, purpose: {nb: Sider, en: Pages},
       kind: analytics, life: {type: fixed, period: P1Y}, storage: cache}
    - {name: /worker.js, group: analytics, owner: Fjordlys Kraft, purpose: {nb: Uten nett, en: Offline},
       kind: analytics, life: {type: fixed, period: P1Y}, storage: worker}
"""
KEPT = """async () => [
  (await indexedDB.databases()).length, (await caches.keys()).length,
  (await navigator.serviceWorker.getRegistrations()).length].join()"""


@pytest.fixture(scope="module")
def environment(site: Site) -> dict[str, str]:
    """Of a command at the running site."""
    return {
        **os.environ,
        "TILLIT_DATABASE_NAME": site.database,
        "DJANGO_SETTINGS_MODULE": "tillit.settings",
        "TILLIT_SITE_URL": site.address,
        "TILLIT_CHROMIUM": chromium(),
    }


@pytest.fixture(scope="module")
def shop(site: Site, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site that the power retailer has declared beside its own."""
    folder = tmp_path_factory.mktemp("declared") / "power"
    shutil.copytree(paths.root() / "examples" / "power", folder)
    with other_site(f"{site.address}/fjordlys/cookies/v1/banner.js") as address:
        _edit(folder / "fjordlys.yaml", "", f"\nsites:\n  - {{key: shop, name: Butikken, web: '{address}'}}\n")
        _edit(folder / "_rules.yaml", "    - {name: newsletter_pixel", ITEM)
        done = tillit("declare", "publish", str(folder / "fjordlys.yaml"), environment=environment)
        assert done.returncode == 0, done.stderr
        yield address


def _edit(path: Path, before: str, added: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert not before or text.count(before) == 1
    path.write_text(text.replace(before, added + before) if before else text + added, encoding="utf-8")


def test_g2_another_site_asks_tells_its_own_scripts_and_deletes_what_is_withdrawn(
    window: Callable[..., Window], site: Site, shop: str
) -> None:
    opened = window(PHONE, "en-GB")
    page = opened.page
    page.goto(f"{shop}/")
    banner = page.locator(BANNER)
    expect(banner).to_be_visible()
    assert violations(page) == []
    root = page.locator("html")
    expect(root).to_have_attribute("data-decided", "false")
    assert opened.context.cookies() == [], "nothing before a choice"
    buttons = page.locator(f"{BANNER} button")
    assert [one.get_attribute("value") for one in buttons.all()] == ["reject", "some", "accept"]
    styles = "one => { const s = getComputedStyle(one); return [s.color, s.backgroundColor, s.font, s.border].join() }"
    assert len({one.evaluate(styles) for one in buttons.all()}) == 1, "refusing is as easy as accepting"
    page.locator(f"{BANNER} input[value=analytics]").check()
    page.locator(f"{BANNER} button[value=some]").click()
    expect(banner).to_have_count(0)
    expect(root).to_have_attribute("data-purposes", "analytics")
    held = {cookie["name"]: cookie for cookie in opened.context.cookies()}
    assert set(held) == {"__utma", "tillit_cookie_choice"}
    lives = held["tillit_cookie_choice"]["expires"] - page.evaluate("Date.now() / 1000")
    assert 27.9 < lives / 86_400 <= 28, "four weeks"
    first, asked, *purposes = held["tillit_cookie_choice"]["value"].split(".")
    assert (_proof(site, first), purposes) == ((["analytics"], False), ["analytics"])
    page.goto(f"{shop}/two/")
    expect(root).to_have_attribute("data-purposes", "analytics")
    expect(banner).to_have_count(0)
    _holds(page, "1,1,1")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    page.click("[data-tillit-cookies]")
    expect(page.locator(f"{BANNER} input:checked")).to_have_count(1)
    page.locator(f"{BANNER} button[value=reject]").click()
    expect(banner).to_have_count(0)
    expect(root).to_have_attribute("data-withdrawn", "analytics")
    (left,) = opened.context.cookies()
    second = left["value"].split(".")[0]
    assert left["name"] == "tillit_cookie_choice", "what was set is gone"
    assert page.evaluate("localStorage.length") == 0
    _holds(page, "0,0,0")
    assert (_proof(site, first), _proof(site, second)) == ((["analytics"], True), ([], False))

    other = f"{second}.000000000000.analytics"
    page.evaluate("value => { document.cookie = `tillit_cookie_choice=${value}; Path=/` }", other)
    page.goto(f"{shop}/")
    expect(banner).to_be_visible()
    expect(root).to_have_attribute("data-purposes", "")
    assert asked != "000000000000", "other cookies than were asked about are asked about again"

    signalling = window(PHONE, "en-GB")
    signalling.context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    signalling.page.goto(f"{shop}/")
    expect(signalling.page.locator("html")).to_have_attribute("data-decided", "true")
    assert signalling.page.locator(BANNER).count() == 0
    assert signalling.page.evaluate("tillitCookies.purposes") == []
    assert opened.trouble + signalling.trouble == [], "nothing that the site's policy forbids"


def test_g1_g2_the_scan_passes_our_own_site_and_names_what_another_keeps_quiet_about(
    site: Site, shop: str, environment: dict[str, str]
) -> None:
    def scan(*arguments: str) -> CompletedProcess[str]:
        return tillit("cookies", "scan", *arguments, environment=environment)

    with ThreadPoolExecutor() as pool:
        ours = pool.submit(scan, f"{site.address}/rundtur/", "--controller", "rundtur", "--pages", "2")
        theirs = pool.submit(scan, f"{shop}/careless/", "--controller", "fjordlys", "--format", "json")
        own, found = ours.result(), theirs.result()
    assert (own.returncode, own.stderr) == (0, "")
    assert "tillit_cookie_choice" in own.stdout
    assert "2 pages were seen. There are more" in own.stdout
    assert (found.returncode, found.stderr) == (1, "")
    told = json.loads(found.stdout)
    assert "hemmelig" not in found.stdout, "no value is read"
    states = {one["state"]: one for one in told["states"]}
    verdicts = {
        state: {(line["name"], line["storage"]): line["verdict"] for line in one["found"]}
        for state, one in states.items()
    }
    for state in states:
        assert states[state]["pages"] == ["/careless/", "/two/"]
        assert states[state]["banner"] is True
        assert verdicts[state]["spor", "cookie"] == "undeclared"
        assert verdicts[state]["husk", "local"] == "undeclared"
        assert verdicts[state]["lager", "indexed"] == "undeclared"
        assert verdicts[state]["minne", "cache"] == "undeclared"
        assert verdicts[state]["/stays.js", "worker"] == "undeclared"
        assert verdicts[state]["tillit_language", "cookie"] == "too_long"
        assert {line["host"] for line in states[state]["found"] if line["verdict"] == "undeclared"} == {
            "localhost",
            STRANGER,
        }
    assert verdicts["before"]["__utma", "cookie"] == "before_consent"
    assert verdicts["reject"]["__utma", "cookie"] == "after_refusal"
    assert verdicts["accept"]["__utma", "cookie"] == "declared"
    assert verdicts["accept"]["tillit_cookie_choice", "cookie"] == "declared"
    assert ("tillit_cookie_choice", "cookie") not in verdicts["before"]


def _holds(page: Page, wanted: str) -> None:
    """Databases, caches and workers of the site's origin come to be so many."""
    for _ in range(600):
        if (found := page.evaluate(KEPT)) == wanted:
            return
        page.wait_for_timeout(100)
    assert found == wanted


def _proof(site: Site, number: str) -> tuple[list[str], bool]:
    """(purposes, whether another took its place) of the choice kept here under the browser's number."""
    with database.connect("owner", name=site.database, autocommit=True) as owner:
        statement = "SELECT purposes, ended_at IS NOT NULL FROM consent_cookie_choice WHERE id = %s"
        row = owner.execute(statement, [UUID(hex=number)]).fetchone()
    assert row is not None
    return row[0], row[1]
