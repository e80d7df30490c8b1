"""The map of the code: every package by layer, and every journey, in the words of its own docstring."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tillit.platform import paths

_HEAD = """# Map of the code

Made by `tillit docs code-map` from the first sentence of each package and journey; what lies higher may import what
lies lower. What a layer owns and how it holds together: [architecture](architecture.md).
"""
_UNTOLD = {"migrations", "bench", "templatetags", "__pycache__"}


def code_map() -> str:
    """The page, in Markdown."""
    return _HEAD + "".join(
        f"\n## {layer}\n\n| where | what |\n|---|---|\n" + "".join(f"| `{place}` | {said} |\n" for place, said in rows)
        for layer, rows in ((layer, list(_rows(layer))) for layer in layers())
    )


def layers() -> list[str]:
    """The packages of `tillit` from the highest line to the lowest, as the import rules have them."""
    project = tomllib.loads((paths.root() / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (one for one in project["tool"]["importlinter"]["contracts"] if one["id"] == "layers")
    return [name.strip() for line in contract["layers"] for name in line.split("|")]


def packages() -> list[str]:
    """Every package that the map tells of, as `faces/api`."""
    return [place for layer in layers() for place, _ in _rows(layer) if not place.endswith(".py")]


def _rows(layer: str) -> Iterator[tuple[str, str]]:
    home = paths.root() / "tillit"
    for file in sorted((home / layer).rglob("__init__.py")):
        if not _UNTOLD & set(file.parts):
            yield str(file.parent.relative_to(home)), _first(file)
    if layer == "journeys":
        for file in sorted((home / layer).glob("[a-z]*.py")):
            if file.name not in {"apps.py", "models.py", "personal_data.py", "events.py"}:
                yield str(file.relative_to(home)), _first(file)


def _first(file: Path) -> str:
    """The first sentence of a docstring, on one line."""
    said = " ".join((ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", said)[0].replace("|", "\\|")
