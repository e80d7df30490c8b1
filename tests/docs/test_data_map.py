"""docs/data-map.md is what the registry and the declarations say."""

import pytest

from tillit.declaration import registry
from tillit.declaration.data_map import data_map
from tillit.declaration.vocabulary import vocabulary
from tillit.faces.cli.docs import examples
from tillit.platform import paths

FILE = paths.root() / "docs" / "data-map.md"


def test_a2_the_data_map_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == data_map(examples()), "run: tillit docs data-map"


def test_a2_the_data_map_names_every_table_and_category() -> None:
    text = FILE.read_text(encoding="utf-8")
    tables = {*registry.PERSONAL, *registry.OWNED, *registry.TRANSIENT, *registry.NOT_PERSONAL}
    assert [name for name in sorted({*tables, *vocabulary().categories}) if f"`{name}`" not in text] == []


def test_a2_the_data_map_follows_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    before = data_map(examples())
    monkeypatch.delitem(registry.NOT_PERSONAL, "declaration_grant")
    assert data_map(examples()) != before
