"""The browser of the tests: what `scripts/browser.sh` found or fetched, else what the machine has."""

import os
import shutil

from tillit.platform import paths

AXE = paths.root() / "var" / "assets-test" / "axe.min.js"


def chromium() -> str:
    """Path of a Chromium to drive. Fails with advice when there is none: a browser test is never skipped."""
    found = (
        os.environ.get("TILLIT_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    unpacked = paths.root() / "var" / "chromium" / "start"
    if found is None and unpacked.exists():
        found = str(unpacked)
    assert found, "no Chromium: run the tests with make test, which fetches it"
    return found
