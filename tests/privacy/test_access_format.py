"""The answer to an access request is what its published schema says (H1, H6)."""

import json

import pytest
from pydantic import ValidationError

from tests.support.world import person, publish_examples
from tillit.kernel.scope import system
from tillit.platform import paths
from tillit.privacy.access import collect
from tillit.privacy.access_format import Answer, schema
from tillit.privacy.export import as_json


def test_h6_the_published_schema_is_the_one_in_use() -> None:
    published = json.loads((paths.root() / "docs" / "formats" / "access.schema.json").read_text("utf-8"))
    assert published == schema()


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["nb", "en"])
def test_h1_h6_an_answer_is_what_the_schema_says(language: str) -> None:
    controllers = publish_examples("bonus")
    kari = person(controllers["rundtur"], given="Kari", email="kari@eksempel.example")
    actor = system("rights", [one.pk for one in controllers.values()])
    answer = json.loads(as_json(collect(actor=actor, subject_id=kari, language=language)))
    read = Answer.model_validate(answer)
    assert {part.category for part in read.data} >= {"identity", "contact", "relationship"}
    for broken in ({"format": "tillit-access-2"}, {"surprise": 1}, {"data": [{"category": "identity"}]}):
        with pytest.raises(ValidationError):
            Answer.model_validate(answer | broken)
