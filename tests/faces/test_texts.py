"""Both languages say everything the pages ask for, and everything that can happen to a person has words."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

from tillit.audit.types import TYPES
from tillit.faces.texts import REFERENCE, MissingWordingError, languages, say, texts
from tillit.platform import paths

FACES = paths.root() / "tillit" / "faces"
_PLACE = re.compile(r"\{(\w+)\}")


def test_the_languages_are_bokmal_and_english() -> None:
    assert {"nb", "en"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_texts_with_the_same_places(language: str) -> None:
    own, reference = texts(language), texts(REFERENCE)
    assert own.keys() == reference.keys()
    for key, text in own.items():
        assert text, key
        assert set(_PLACE.findall(text)) == set(_PLACE.findall(reference[key])), key


@pytest.mark.parametrize("template", sorted(FACES.rglob("*.html")), ids=lambda path: path.name)
def test_every_text_a_template_names_is_there(template: Path) -> None:
    known = texts(REFERENCE)
    for key in re.findall(r'{% t ["\']([\w.]+)["\']', template.read_text(encoding="utf-8")):
        assert key in known or f"{key}.other" in known or any(k.startswith(key) for k in known), key


def test_every_event_about_a_person_has_words() -> None:
    for config in apps.get_app_configs():
        if config.name.startswith("tillit."):
            for module in ("events", "operations"):
                if Path(config.path, f"{module}.py").exists():
                    import_module(f"{config.name}.{module}")
    import_module("tillit.journeys.departure")
    known = texts(REFERENCE)
    kinds = [kind for kind in TYPES.values() if kind.subject == "required"]
    assert kinds
    assert [kind.key for kind in kinds if f"event.{kind.key}" not in known] == []


def test_a_missing_text_is_an_error_and_counts_choose_their_form() -> None:
    with pytest.raises(MissingWordingError):
        say("nb", "no.such.text")
    assert say("nb", "your_data.rows", count=1) == "1 registrering"
    assert say("nb", "your_data.rows", count=2) == "2 registreringer"
