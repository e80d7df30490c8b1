"""The documentation as a site: made without a warning, from what is here alone, with pictures that are small."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tillit.platform import paths

DOCS = paths.root() / "docs"
PICTURES = DOCS / "pictures"
LARGEST = 1_500_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made as `make docs` makes it."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_document_is_a_page_and_no_page_asks_anybody_else(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {path.stem for path in DOCS.rglob("*.md")} <= {path.stem for path in pages}
    loaded = re.compile(r"""<(?:link|script|img|iframe)\b[^>]*?\b(?:href|src)=["'](?:https?:)?//[^"']*""")
    found = [(path.name, loaded.findall(path.read_text(encoding="utf-8"))) for path in pages]
    assert [one for one in found if one[1]] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"@import|url\([\"']?(?:https?:)?//", styles) == []


def test_a_broken_link_stops_the_site(tmp_path: Path) -> None:
    shutil.copy(DOCS / "conf.py", tmp_path)
    (tmp_path / "index.md").write_text("# One\n\nSee [two](two.md).\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(tmp_path), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode != 0
    assert "two.md" in done.stderr


def test_the_pictures_are_all_there_at_both_widths_and_small() -> None:
    shown = set(re.findall(r"pictures/([a-z-]+)-(\d+)\.png", (DOCS / "pictures.md").read_text(encoding="utf-8")))
    kept = {tuple(path.stem.rsplit("-", 1)) for path in PICTURES.glob("*.png")}
    assert shown == kept
    assert {width for _, width in kept} == {"360", "1280"}
    assert len({name for name, _ in kept}) == 12
    assert sum(path.stat().st_size for path in PICTURES.glob("*.png")) <= LARGEST
