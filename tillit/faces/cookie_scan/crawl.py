"""The crawl: one browser, a window of its own for each state, the site's own pages and nothing else.

Playwright is an extra of the package (`tillit[scan]`); it drives the Chromium of the machine.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from tillit.consent.scanned import STATES, Asked, State, Stored
from tillit.kernel import clock
from tillit.kernel.errors import TillitError

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

REJECT, ACCEPT = "button[name=choice][value=reject]", "button[name=choice][value=accept]"
"""The buttons of our own banner, on our pages and on others."""
_PAGE_MS, _QUIET_MS, _BANNER_MS = 30_000, 5_000, 20_000
HELD = """async () => {
  const gone = () => [], path = (one) => new URL((one.active || one.waiting || one.installing).scriptURL).pathname;
  return {
    host: location.hostname,
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    indexed: await indexedDB.databases().then((all) => all.map((one) => one.name), gone),
    cache: self.caches ? await caches.keys().catch(gone) : [],
    worker: navigator.serviceWorker
      ? await navigator.serviceWorker.getRegistrations().then((all) => all.map(path), gone) : [],
  };
}"""
"""Names of what the page's origin holds. Caches and workers: only where the browser offers them (https, localhost)."""


class ScanError(TillitError):
    """The scan cannot be made as asked: no browser, or the address does not answer."""

    exit_code = 2


@dataclass(frozen=True)
class Bounds:
    """How far a scan goes: `pages` in each state, `seconds` in all."""

    pages: int = 25
    seconds: int = 120


@dataclass
class Seen:
    """What was seen in one state. `banner`: whether the question was there; None where nothing is to be asked.

    `pages` are paths, `unread` those that gave no page; `cut`: the bounds ended it before every page was seen.
    """

    state: State
    banner: bool | None = None
    pages: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    stored: dict[tuple[str, str, str], Stored] = field(default_factory=dict)
    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)
    cut: bool = False


def scan(address: str, *, asks: bool, bounds: Bounds, buttons: tuple[str, str] = (REJECT, ACCEPT)) -> list[Seen]:
    """Visit the site at `address` in each state. `asks`: whether the controller has something to choose; `buttons`: CSS
    selectors of no and yes. Raises `ScanError`.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ScanError("no-address", f"'{address}' is no address of a site: http:// or https://")
    try:
        from playwright.async_api import Error  # noqa: PLC0415 (an extra: only whoever scans has it)
    except ImportError:
        raise ScanError(
            "no-playwright", "the scan drives Chromium with Playwright: pip install 'tillit[scan]'"
        ) from None
    try:
        return asyncio.run(
            _scan(
                address=address,
                program=_chromium(),
                asks=asks,
                bounds=bounds,
                buttons=dict(zip(STATES[1:], buttons, strict=True)),
            )
        )
    except Error as error:
        raise ScanError("no-answer", f"{address}: {error.message.splitlines()[0]}") from None


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("TILLIT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise ScanError("no-chromium", "no Chromium on this machine: install it, or name it in TILLIT_CHROMIUM")
    return found


async def _scan(*, address: str, program: str, asks: bool, bounds: Bounds, buttons: dict[State, str]) -> list[Seen]:
    from playwright.async_api import async_playwright  # noqa: PLC0415

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program)
        until = time.monotonic() + bounds.seconds
        visits = [
            _visit(
                browser=browser,
                address=address,
                state=state,
                asks=asks,
                most=bounds.pages,
                until=until,
                buttons=buttons,
            )
            for state in STATES
        ]
        done = await asyncio.gather(*visits, return_exceptions=True)
        seen = [one for one in done if isinstance(one, Seen)]
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return seen


async def _visit(
    *,
    browser: "Browser",
    address: str,
    state: State,
    asks: bool,
    most: int,
    until: float,
    buttons: dict[State, str],
) -> Seen:
    """The site's pages in one state, in a window that has never been there, breadth first."""
    from playwright.async_api import Error  # noqa: PLC0415

    seen, context = Seen(state), await browser.new_context()
    page = await context.new_page()
    home, waiting, known = urlsplit(address).netloc, [address], {urlsplit(address).path}
    context.on("request", lambda request: _note(seen, request.url, request.resource_type, page.url, home))
    while waiting and len(seen.pages) < most and time.monotonic() < until:
        target = waiting.pop(0)
        try:
            await page.goto(target, timeout=_PAGE_MS)
        except Error:
            if not seen.pages:
                raise
            seen.unread.append(_path(target))  # a file to download, or no answer
            continue
        if not seen.pages:
            home = urlsplit(page.url).netloc  # where the address itself leads
            known.add(_path(page.url))
            seen.asked = {key: one for key, one in seen.asked.items() if one.host != urlsplit(page.url).hostname}
        elif urlsplit(page.url).netloc != home:
            seen.unread.append(_path(target))
            continue
        await _quiet(page)
        if asks and not seen.pages:
            seen.banner = await _answer(page, buttons.get(state), buttons["reject"])
        seen.pages.append(_path(page.url))
        await _look(context, page, seen)
        for link in _own(await page.eval_on_selector_all("a[href]", "links => links.map(one => one.href)"), home):
            if (path := _path(link)) not in known:
                known.add(path)
                waiting.append(link)
    seen.cut = bool(waiting)
    return seen


async def _answer(page: "Page", button: str | None, question: str) -> bool:
    """Press the button, if one is to be pressed; whether the question was there."""
    from playwright.async_api import TimeoutError as LateError  # noqa: PLC0415

    found = page.locator(button or question).first
    try:
        await found.wait_for(state="visible", timeout=_BANNER_MS)
    except LateError:
        return False
    if button:
        await found.click(timeout=_BANNER_MS)
        with suppress(LateError):
            await found.wait_for(state="hidden", timeout=_BANNER_MS)
        await _quiet(page)
    return True


async def _quiet(page: "Page") -> None:
    """Until the page asks for nothing more; one that never rests is looked at as it is."""
    from playwright.async_api import TimeoutError as LateError  # noqa: PLC0415

    with suppress(LateError):
        await page.wait_for_load_state("networkidle", timeout=_QUIET_MS)


async def _look(context: "BrowserContext", page: "Page", seen: Seen) -> None:
    """Note what the browser holds now: names and lives, no values."""
    from playwright.async_api import Error  # noqa: PLC0415

    path, now = _path(page.url), clock.now().timestamp()
    for cookie in await context.cookies():
        ends = cookie["expires"]
        host, life = cookie["domain"].lstrip("."), None if ends == -1 else max(0, round(ends - now))
        _keep(seen, Stored(cookie["name"], "cookie", host, path, life))
    for frame in page.frames:
        with suppress(Error):  # a frame that may store nothing, or is gone
            held: dict[str, Any] = await frame.evaluate(HELD)
            for storage in ("local", "session", "indexed", "cache", "worker"):
                for name in held[storage]:
                    _keep(seen, Stored(name, storage, held["host"], path))


def _keep(seen: Seen, item: Stored) -> None:
    seen.stored.setdefault((item.name, item.storage, item.host), item)


def _note(seen: Seen, address: str, what: str, page: str, home: str) -> None:
    parts = urlsplit(address)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname and parts.netloc != home:
        seen.asked.setdefault((parts.hostname, what), Asked(parts.hostname, what, _path(page)))


def _own(links: list[str], home: str) -> Iterator[str]:
    for link in links:
        parts = urlsplit(link)
        if parts.scheme in {"http", "https"} and parts.netloc == home:
            yield urldefrag(link).url


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path or "/" if parts.hostname else "/"
