"""Each example folder maps every statement of its source document to the declaration keys that carry it (A2).

`coverage.yaml` beside the declarations holds `source`, `statements` (how many the source has), `controllers` (the
first is the default) and `covered`: entries of `at` (statement numbers), `says` (a paraphrase) and `carried_by`
(paths such as `retention.newsletter_contact.period`; `controller_key:path` for another controller of the folder).
List items are addressed by their `key`, or their `name` where they have none.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tillit.declaration.checks import check
from tillit.declaration.loader import load

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted({path.parent for path in EXAMPLES.glob("*/*.yaml")})
"""Every folder of examples that holds a YAML file."""


def controllers(folder: Path) -> list[str]:
    """The controller keys with a declaration in `folder`; files starting with `_` are shared bases."""
    names = (path.stem for path in folder.glob("*.yaml"))
    return sorted(name for name in names if name != "coverage" and not name.startswith("_"))


@cache
def declared(folder: Path, controller: str) -> dict[str, Any]:
    """The typed declaration of `controller` as plain data, defaults included."""
    declaration, _ = load(folder / f"{controller}.yaml")
    return declaration.model_dump(mode="json", by_alias=True)


def coverage(folder: Path) -> dict[str, Any]:
    """The folder's coverage list."""
    return yaml.safe_load((folder / "coverage.yaml").read_text(encoding="utf-8"))


def resolve(node: Any, steps: list[str]) -> Any:
    """What stands at `steps` below `node`; None where nothing does. A list item's name may itself hold dots."""
    if not steps:
        return node
    if isinstance(node, dict):
        return resolve(node[steps[0]], steps[1:]) if steps[0] in node else None
    if isinstance(node, list):
        for length in range(len(steps), 0, -1):
            wanted = ".".join(steps[:length])
            for item in node:
                if isinstance(item, dict) and wanted == (item.get("key") or item.get("name")):
                    return resolve(item, steps[length:])
        return steps[0] if len(steps) == 1 and steps[0] in node else None
    return None


def test_a2_each_of_the_five_sources_has_one_folder():
    assert sorted(coverage(folder)["source"] for folder in FOLDERS) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a2_every_controller_of_the_folder_loads_and_is_listed(folder: Path):
    assert sorted(coverage(folder)["controllers"]) == controllers(folder)
    for controller in controllers(folder):
        assert declared(folder, controller)["controller"]["key"] == controller


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a2_every_controller_of_the_folder_passes_the_checks(folder: Path):
    everybody = {key: load(place / f"{key}.yaml") for place in FOLDERS for key in controllers(place)}
    for controller in controllers(folder):
        siblings = [declaration for key, (declaration, _) in everybody.items() if key != controller]
        assert check(*everybody[controller], siblings=siblings) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a2_every_statement_of_the_source_is_covered(folder: Path):
    data = coverage(folder)
    numbers = {number for entry in data["covered"] for number in entry["at"]}
    assert data["statements"] > 0
    assert numbers == set(range(1, data["statements"] + 1))
    for entry in data["covered"]:
        assert entry["says"].strip(), entry
        assert entry["carried_by"], entry


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a2_every_path_of_the_coverage_resolves(folder: Path):
    data = coverage(folder)
    default = data["controllers"][0]
    missing = []
    for entry in data["covered"]:
        for path in entry["carried_by"]:
            controller, _, rest = path.rpartition(":")
            found = resolve(declared(folder, controller or default), rest.split("."))
            if found is None or found in ("", [], {}):
                missing.append((entry["at"], path))
    assert missing == []


@pytest.mark.parametrize("path", ["nothing", "activities.nothing", "controller.phone.more", "cookies.items.x"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a2_a_path_that_leads_nowhere_does_not_resolve(folder: Path, path: str):
    data = declared(folder, coverage(folder)["controllers"][0])
    assert resolve(data, ["controller", "phone"])
    assert resolve(data, ["activities", data["activities"][0]["key"], "purpose"])
    assert resolve(data, path.split(".")) is None
