"""Every word a declaration may use has a name in both product languages."""

import pytest

from tillit.declaration.vocabulary import Vocabulary, category_id, category_key, vocabulary

KINDS = sorted(Vocabulary.model_fields)


@pytest.mark.parametrize("kind", KINDS)
def test_a3_every_word_has_a_name_in_norwegian_and_english(kind):
    words = getattr(vocabulary(), kind)
    assert words
    for key, word in words.items():
        for language in ("nb", "en"):
            name = word.name(language)
            assert name == name.strip() != "", (key, language)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["nb", "en"])
def test_no_two_words_of_a_kind_share_a_name(kind, language):
    names = [word.name(language).casefold() for word in getattr(vocabulary(), kind).values()]
    assert len(set(names)) == len(names)


def test_category_ids_are_distinct_and_fit_the_policies():
    categories = vocabulary().categories
    ids = [word.id for word in categories.values()]
    assert len(set(ids)) == len(ids)
    assert all(1 <= number <= 250 for number in ids)
    assert all(category_key(category_id(key)) == key for key in categories)


def test_roles_perform_known_activities():
    known = set(vocabulary().activities)
    assert known
    assert {activity for role in vocabulary().roles.values() for activity in role.may} <= known
