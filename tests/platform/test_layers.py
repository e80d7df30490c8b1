"""House rules that import-linter cannot state."""

import ast
from pathlib import Path

import pytest

from tillit.platform import paths

PACKAGE = paths.root() / "tillit"
HTTP = ("django.http", "django.views", "django.urls", "django.shortcuts", "django.middleware", "ninja")
BELOW = sorted(
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in {"faces", "settings.py"}
)


def _imports(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _http(source: str) -> set[str]:
    return {name for name in _imports(source) if any(name == part or name.startswith(f"{part}.") for part in HTTP)}


def test_the_rule_sees_http_however_it_is_imported() -> None:
    assert _http("import django.http")
    assert _http("def f():\n    from django.http import HttpRequest")
    assert _http("from django import views")
    assert not _http("from django.db import models\nimport ninjago")


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_below_faces_imports_http(path: Path) -> None:
    assert _http(path.read_text(encoding="utf-8")) == set()


def test_the_locks_hold_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (paths.root() / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not any(word in text for word in ("://", "--index-url", "--extra-index-url", "--find-links", "file:"))
    packages = (paths.root() / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in packages
    assert '"resolved"' not in packages
