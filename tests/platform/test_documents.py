"""The documents name what exists, and everything that must be named."""

import json
import re
import tomllib

from tillit.faces.cli import COMMANDS
from tillit.platform import paths

ROOT = paths.root()


def _named_in_pyproject() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for some in project["optional-dependencies"].values() for one in some)]
    names = {re.split(r"[\[<>=! ]", requirement, maxsplit=1)[0] for requirement in wanted}
    return names - {"tillit"}


def _named_in_package_json() -> set[str]:
    packages = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    return {*packages["dependencies"], *packages["devDependencies"]}


def test_every_dependency_is_explained_and_nothing_else() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    explained = {name for name, _, _ in rows} - {"package", "---"}
    assert explained == _named_in_pyproject() | _named_in_package_json()


def test_every_dependency_is_locked() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"), re.M))
    runtime = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.M))
    assert locked >= {name.lower() for name in _named_in_pyproject()}
    assert locked >= runtime


def test_the_commands_and_targets_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", text))
    assert {"demo", "serve", "test"} <= named <= targets
    commands = set(re.findall(r"\.venv/bin/tillit ([a-z]+)", text))
    assert {"db", "migrate"} <= commands <= set(COMMANDS)


def test_the_settings_of_the_readme_are_those_the_code_reads() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([A-Z_]+)", text, re.MULTILINE))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tillit").rglob("*.py"))
    known = r"\(?\s*f?\"(DATABASE_URL|TILLIT_[A-Z_]+)"
    read = set(re.findall(r"(?:environ\.get|environ\[|given\.[a-z_]+)" + known, code))
    assert {"TILLIT_PUSH_HOSTS", "TILLIT_AUDIENCE_", "TILLIT_SMTP"} <= read
    assert read - {"TILLIT_DB_ROLE"} == named
