"""Copies the front-end packages that npm installed, unmodified, to where they are served from, each with a compressed
twin that browsers get instead.

`var/assets` is a static directory of the site; `var/assets-test` holds what only the tests load into a page.
"""

import gzip
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
SERVED = {
    "@digdir/designsystemet-css/dist/src/index.css": "designsystemet/designsystemet.css",
    "@digdir/designsystemet-css/LICENSE": "designsystemet/LICENSE",
    "@digdir/designsystemet-theme/src/themes/designsystemet.css": "designsystemet/theme.css",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "qrcode-generator/dist/qrcode.js": "qrcode/qrcode.js",  # its licence stands at its head
}
COMPRESSED = {".css", ".js"}
TESTS = {"axe-core/axe.min.js": "axe.min.js", "axe-core/LICENSE": "LICENSE"}


def place(files: dict[str, str], target: Path) -> None:
    """Fill `target` with `files` (source under node_modules → name), replacing what was there in one swap."""
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for source, name in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, path)
        if path.suffix in COMPRESSED:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


if __name__ == "__main__":
    (ROOT / "var").mkdir(mode=0o711, exist_ok=True)
    place(SERVED, ROOT / "var" / "assets")
    place(TESTS, ROOT / "var" / "assets-test")
