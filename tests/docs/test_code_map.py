"""docs/code-map.md tells of every package, of nothing that is gone, and each package says in a sentence what it is."""

import re

from tillit.faces.code_map import code_map, packages
from tillit.platform import paths

TEXT = (paths.root() / "docs" / "code-map.md").read_text(encoding="utf-8")


def test_every_package_is_on_the_map_and_what_is_on_it_exists() -> None:
    told = re.findall(r"^\| `([a-z_/.]+)` \|", TEXT, re.MULTILINE)
    assert [place for place in packages() if place not in told] == [], "run: tillit docs code-map"
    assert [place for place in told if not (paths.root() / "tillit" / place).exists()] == []


def test_every_package_and_journey_says_what_it_is() -> None:
    made = code_map()
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", made, re.MULTILINE)
    assert len(rows) > 100
    assert [place for place, said in rows if not said] == []
