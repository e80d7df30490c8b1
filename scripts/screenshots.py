"""Takes the pictures of docs/pictures.md from the running demonstration (`make screenshots`).

Serves the database that `tillit demo` made, signs in as its invented people, and keeps each of the twelve pages at the
width of a phone and of a desk, with 64 colours. Nothing that is not invented can be in them: the demonstration holds
nothing else, and the script refuses a database without its list of people.
"""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from tests.support.authenticator import app_code  # noqa: E402
from tillit.kernel import clock  # noqa: E402
from tillit.platform import paths  # noqa: E402

TO = ROOT / "docs" / "pictures"
WIDTHS = {360: 740, 1280: 800}
TALLEST, COLOURS = 1600, 64
LARGEST = 1_500_000
PEOPLE = paths.var() / "demo-people.txt"
STAFF = "vera@rundtur.example"
_CODE = re.compile(r"\b\d{6}\b")

PUBLIC = {"home": "/rundtur/", "statement": "/rundtur/statement/", "join": "/rundtur/join/"}
MEMBER = {"min-side": "", "your-data": "your-data/", "choices": "choices/", "receipts": "receipts/"}
CONSOLE = {
    "desk": "desk/",
    "search": "",
    "files": "files/",
    "declaration": "declaration/draft/",
    "promises": "promises/",
}


def main() -> None:
    """Take them all and write docs/pictures.md's folder anew."""
    if not PEOPLE.is_file():
        sys.exit("run make demo first: there is nobody to sign in as")
    member = dict(line.split(" ", 1) for line in PEOPLE.read_text(encoding="utf-8").splitlines())["rundtur"]
    for command in ("migrate", "prove"):
        subprocess.run([sys.executable, "-m", "tillit.faces.cli", command], check=False, cwd=ROOT, capture_output=True)  # noqa: S603
    _staff()
    port = _free_port()
    server = subprocess.Popen([sys.executable, "-m", "tillit.faces.cli", "serve", "--port", str(port)], cwd=ROOT)  # noqa: S603
    try:
        site = f"http://127.0.0.1:{port}"
        _answers(site)
        shutil.rmtree(TO, ignore_errors=True)
        TO.mkdir()
        with sync_playwright() as playwright:
            program = os.environ.get("TILLIT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
            _visit(browser, site, PUBLIC, lambda page: None)
            prefix = "/rundtur/min-side/"
            own = {name: prefix + path for name, path in MEMBER.items()}
            _visit(browser, site, own, lambda page: _sign_in(page, site, "/rundtur/sign-in/", member))
            desk = {name: "/staff/rundtur/" + path for name, path in CONSOLE.items()}
            secret: list[str] = []
            _visit(browser, site, desk, lambda page: _sign_in_staff(page, site, secret))
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)
    size = sum(path.stat().st_size for path in TO.iterdir())
    print(f"{len(list(TO.iterdir()))} pictures, {size:,} bytes")  # noqa: T201
    if size > LARGEST:
        sys.exit(f"more than {LARGEST:,} bytes")


def _staff() -> None:
    """A colleague who may open every page in the pictures."""
    for role in ("customer_service", "privacy_adviser", "administrator"):
        options = ["--controller", "rundtur", "--role", role, "--confidentiality", "2026-01-02"]
        command = [sys.executable, "-m", "tillit.faces.cli", "staff", "add", STAFF, "Vera Vakt", *options]
        subprocess.run(command, check=False, cwd=ROOT, capture_output=True)  # noqa: S603


def _visit(browser: Browser, site: str, pages: dict[str, str], begin: Callable[[Page], None]) -> None:
    context = browser.new_context(locale="nb-NO", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{site}{next(iter(PUBLIC.values()))}")
    if page.locator("section.t-cookies button").count():
        with page.expect_navigation():
            page.locator("section.t-cookies button").last.click()
    begin(page)
    for name, path in pages.items():
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(site + path)
        if name == "declaration" and page.locator("main form button", has_text="Begynn").count():
            with page.expect_navigation():
                page.locator("main form button", has_text="Begynn").click()
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("document.fonts.ready")
            _keep(page.screenshot(full_page=True), TO / f"{name}-{width}.png")
    context.close()


def _keep(taken: bytes, to: Path) -> None:
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)


def _sign_in(page: Page, site: str, path: str, address: str) -> None:
    since = time.time() - 1  # noqa: TID251 (a file's time is the machine's)
    page.goto(site + path)
    page.fill("#address", address)
    with page.expect_navigation():
        page.click("main form button")
    page.fill("#code", _code_for(address, since))
    with page.expect_navigation():
        page.click("main form button")


def _sign_in_staff(page: Page, site: str, secret: list[str]) -> None:
    _sign_in(page, site, "/staff/sign-in/", STAFF)
    kept = paths.var() / "screenshots-app.txt"  # the colleague's authenticator app, so that a second run gets in
    if page.url.endswith("/set-up/"):
        kept.write_text(page.inner_text(".t-secret"), encoding="utf-8")
        kept.chmod(0o600)
    page.fill("#code", app_code(kept.read_text(encoding="utf-8"), clock.now()))
    with page.expect_navigation():
        page.click("main form:has(#code) button")
    if page.locator(".t-codes").count():
        with page.expect_navigation():
            page.click("main a.ds-button")


def _code_for(address: str, since: float) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for path in sorted((paths.var() / "mail").glob("*.log"), key=lambda one: -one.stat().st_mtime):
            text = path.read_text(encoding="utf-8")
            found = _CODE.search(text.split("\n\n", 1)[-1])
            if path.stat().st_mtime >= since and f"To: {address}" in text and found:
                return found.group()
        time.sleep(0.2)
    sys.exit(f"no code came for {address}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(site: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urlopen(f"{site}/health", timeout=2):  # noqa: S310 (our own server)
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("the server did not answer within a minute")


if __name__ == "__main__":
    main()
