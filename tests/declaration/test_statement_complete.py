"""Nothing declared is unpublished (A3): every leaf of a declaration stands in the statement or the cookie policy."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from tests.declaration.leaves import IDENTITY, changed, leaves, localised_language, name_of, other, said
from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.loader import load
from tillit.declaration.parts import Part
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.build import cookie_policy, statement
from tillit.declaration.statement.text import render_text
from tillit.declaration.statement.wording import Words

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = [
    FIXTURE,
    *(p for p in sorted(EXAMPLES.glob("*/*.yaml")) if p.name[0] != "_" and p.name != "coverage.yaml"),
]


JOINT = (
    ("kind: processor", "kind: joint\n    parties: [liten_forening, drift_og_vel]\n    holder: drift_og_vel"),
    ("    operator: drift_og_vel", "    operator: drift_og_vel\n    directory: katalogen\n    also_processor: true"),
)
"""The fixture as a joint arrangement, so that every key of the schema is used."""


@pytest.fixture
def full(tmp_path: Path) -> Declaration:
    """A declaration that uses every key of the schema."""
    return load(edited(tmp_path, *JOINT))[0]


FIXED_WHEN_LINKED = {"clock", "period", "rule"}
"""What a rule with `kept_with` may not choose (check `linked-data`): it is said through those categories."""


def whole(declaration: Declaration, language: str) -> str:
    """Statement and cookie policy as one line of text."""
    texts = (render_text(statement(declaration, language)), render_text(cookie_policy(declaration, language)))
    return " ".join(" ".join(texts).split())


def rendered(declaration: Declaration, language: str) -> object:
    """Statement and cookie policy as data."""
    return statement(declaration, language).plain(), cookie_policy(declaration, language).plain()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a3_everything_declared_is_published_in_every_language(path: Path):
    declaration, _ = load(path)
    for language in declaration.controller.languages:
        words, text = Words(declaration, language), whole(declaration, language)
        found, missing = 0, []
        for leaf, value, annotation in leaves(declaration):
            if leaf[0] == "security" and not declaration.security[leaf[1]].disclosed:
                continue
            wanted = said(words, leaf, value, annotation)
            if wanted is None:
                continue
            found += 1
            if " ".join(wanted.split()).lower() not in text.lower():
                missing.append((leaf, wanted))
        assert found > 250
        assert missing == []


def test_a3_a_measure_that_is_not_disclosed_is_counted_and_not_told():
    declaration, _ = load(FIXTURE)
    text = whole(declaration, "nb")
    assert "All trafikk er kryptert" in text
    assert "Vi har 1 tiltak til som ikke beskrives her" in text
    assert "overvåker innlogginger" not in text
    shown = declaration.security[1].model_copy(update={"disclosed": True})
    other_text = whole(declaration.model_copy(update={"security": (declaration.security[0], shown)}), "nb")
    assert "overvåker innlogginger" in other_text


def test_a3_the_fixture_uses_every_key_of_the_schema(full: Declaration):
    used = _used(full)
    every = {(part, name) for part in _parts(Part) for name in part.model_fields}
    assert len(every) > 150
    assert every - used == set()


def test_a3_a_change_of_any_leaf_changes_what_is_published(full: Declaration):
    declaration = full
    data = declaration.model_dump(mode="json", by_alias=True)
    before = {language: rendered(declaration, language) for language in declaration.controller.languages}
    silent, tried = [], 0
    for leaf, value, annotation in leaves(declaration):
        if leaf[0] == "security" and not declaration.security[leaf[1]].disclosed and leaf[2] == "text":
            continue
        if (instead := other(declaration, leaf, value, annotation)) is None:
            continue
        plain = instead if isinstance(instead, (str, int, bool)) else instead.isoformat()
        if name_of(leaf) == "type" and value == "session":
            continue  # needs a period too
        if leaf[0] == "retention" and declaration.retention[leaf[1]].kept_with and leaf[2] in FIXED_WHEN_LINKED:
            continue
        changed_one = Declaration.model_validate(changed(data, leaf, plain))
        language = localised_language(declaration, leaf) or "nb"
        tried += 1
        if rendered(changed_one, language) == before[language]:
            silent.append((leaf, value, instead))
    assert tried > 350
    assert silent == []
    assert {"key", "schema", "register", "group", "topic", "retention"} == IDENTITY


def _parts(base: type[Part]) -> set[type[Part]]:
    return {inner for sub in base.__subclasses__() for inner in {sub, *_parts(sub)}}


def _used(part: object) -> set[tuple[type, str]]:
    if isinstance(part, BaseModel):
        named = {(type(part), name) for name in part.model_fields_set}
        return named.union(*(_used(getattr(part, name)) for name in type(part).model_fields))
    if isinstance(part, (tuple, list)):
        return set().union(*(_used(item) for item in part))
    if isinstance(part, dict):
        return set().union(*(_used(item) for item in part.values()))
    return set()
