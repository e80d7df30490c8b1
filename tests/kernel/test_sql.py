"""Statements live in files, and code asks for those that are there."""

import ast
from pathlib import Path

import pytest

from tillit.kernel.sql import NamedSqlError, load, statements
from tillit.platform import paths

CODE = paths.root() / "tillit"


def _asked() -> list[tuple[Path, str, str]]:
    """(folder, file, name) of every `load(…__file__, "…", "…")` whose names are written out; another module's folder
    is looked for by its name."""
    found = []
    for path in CODE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "load(" not in text:
            continue
        for call in ast.walk(ast.parse(text)):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "load":
                continue
            if len(call.args) != 3 or not all(isinstance(name, ast.Constant) for name in call.args[1:]):
                continue
            of, *names = call.args
            file, name = (str(n.value) for n in names if isinstance(n, ast.Constant))
            if isinstance(of, ast.Name) and of.id == "__file__":
                found.append((path.parent, file, name))
            elif isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name):
                others = [one.parent for one in CODE.rglob(f"{of.value.id}.py")]
                found += [(one, file, name) for one in others if (one / "sql" / f"{file}.sql").exists()]
    return found


def test_every_statement_that_code_asks_for_is_there():
    asked = _asked()
    assert len(asked) > 100
    assert [one for one in asked if one[2] not in statements(one[0], one[1])] == []


def test_a_statement_that_is_missing_is_named():
    with pytest.raises(NamedSqlError, match=r"lawful\.sql has no statement other"):
        load(str(CODE / "consent" / "queries.py"), "lawful", "other")
