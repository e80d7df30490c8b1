"""Languages are data: every language has every text, and a further language is a further file (A3)."""

import re
import string
from pathlib import Path

import pytest
import yaml

from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.checks import load_checked
from tillit.declaration.loader import load
from tillit.declaration.statement import texts as module
from tillit.declaration.statement.build import cookie_policy, statement
from tillit.declaration.statement.text import render_text
from tillit.declaration.statement.texts import MissingTextError, languages, text, texts
from tillit.declaration.vocabulary import vocabulary


def fields(said: str) -> set[str]:
    """The `{names}` a text has filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(said) if name}


@pytest.mark.parametrize("language", languages())
def test_a3_every_language_has_every_text_with_the_same_blanks(language: str):
    reference, own = texts("en"), texts(language)
    assert len(reference) > 200
    wanted = {key for key in reference if not key.startswith("vocabulary.")}
    assert wanted - own.keys() == set()
    extra = {key for key in own if not key.startswith("vocabulary.")} - wanted
    assert extra == set()
    assert {key for key in wanted if not own[key].strip()} == set()
    if language not in {"nb", "en"}:
        kinds = type(vocabulary()).model_fields
        words = {f"vocabulary.{kind}.{key}" for kind in kinds for key in getattr(vocabulary(), kind)}
        assert words - own.keys() == set()
    assert {key for key in wanted if fields(own[key]) != fields(reference[key])} == set()


def test_a3_a_missing_text_is_refused_and_not_guessed():
    with pytest.raises(MissingTextError):
        text("nb", "no.such.key")
    with pytest.raises(MissingTextError):
        texts("xx")


@pytest.fixture
def new_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder of texts with one more language, `xx`, in which every text ends in a mark."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for path in module.FOLDER.glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    words = {
        kind: {key: f"{word.en} ¤" for key, word in getattr(vocabulary(), kind).items()}
        for kind in type(vocabulary()).model_fields
    }
    marked = {key: f"{said} ¤" for key, said in texts("en").items()}
    nested: dict[str, object] = {"vocabulary": words}
    for key, said in marked.items():
        at = nested
        *steps, last = key.split(".")
        for step in steps:
            at = at.setdefault(step, {})
        at[last] = said
    (folder / "texts.xx.yaml").write_text(yaml.safe_dump(nested, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(module, "FOLDER", folder)
    module.texts.cache_clear()
    yield "xx"
    module.texts.cache_clear()


def test_a3_a_further_language_is_a_file_and_no_code(new_language: str, tmp_path: Path):
    source = FIXTURE.read_text(encoding="utf-8")
    spoken = re.sub(r"\ben: (\"[^\"]*\"|[^},\n]+)", lambda m: f"{m[0]}, xx: {m[1]}", source)
    spoken = re.sub(r"\n( +)en: ([^\n]*), xx: ([^\n]*)", r"\n\1en: \2\n\1xx: \3", spoken)
    path = edited(tmp_path)
    path.write_text(spoken.replace("languages: [nb, en]", "languages: [nb, en, xx]"), encoding="utf-8")
    declaration, _ = load_checked(path)
    document = statement(declaration, new_language)
    assert render_text(document).count("¤") > 200
    assert all(
        "¤" in section.title
        for _, section in document.walk()
        if not section.key.startswith(("recipient-",)) and section.title not in {"The member centre"}
    )
    assert "¤" in render_text(cookie_policy(declaration, new_language))
    assert "¤" not in render_text(statement(load(FIXTURE)[0], "nb"))
