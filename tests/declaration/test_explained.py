"""Every key of the schema is explained, and the document says what the schema says."""

import re

from tests.declaration.wrong import FIXTURE
from tillit.declaration.explain import explained, parts, placed, tables
from tillit.declaration.statement.texts import texts
from tillit.faces.cli.main import run
from tillit.platform import paths

DOCUMENT = paths.root() / "docs" / "declaration.md"


def test_a2_every_key_of_the_schema_is_explained_and_labelled_and_no_other():
    schema = {part.__name__: {f.alias or n for n, f in part.model_fields.items()} for part in parts()}
    assert len(schema) > 30
    assert {name: set(keys) for name, keys in explained().items()} == schema
    keys = {key for names in schema.values() for key in names}
    for language in ("nb", "en"):
        assert {key for key in keys if f"labels.{key}" not in texts(language)} == set()


def test_a2_the_document_holds_the_tables_the_schema_gives(capsys):
    document = DOCUMENT.read_text(encoding="utf-8")
    assert placed(document) == document, "run: tillit declare keys --write docs/declaration.md"
    assert run(["declare", "keys"]) == 0
    assert capsys.readouterr().out == tables()


def test_a2_the_document_links_to_tables_that_exist():
    text = tables()
    wanted = set(re.findall(r"\(#([a-z]+)\)", text))
    assert len(wanted) > 20
    assert wanted <= {heading.lower() for heading in re.findall(r"^### (\w+)$", text, re.MULTILINE)}


def test_a2_the_examples_of_the_document_are_the_fixtures_own():
    document, fixture = DOCUMENT.read_text(encoding="utf-8"), FIXTURE.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        for line in block.splitlines():
            assert line.strip() in fixture, line
