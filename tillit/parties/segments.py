"""The values that facts of this layer may be picked by, with their names in each language (F3)."""

from collections.abc import Mapping

from tillit.declaration.queries import current
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock

GENDERS: dict[str, Mapping[str, str]] = {
    "female": {"nb": "Kvinne", "en": "Female"},
    "male": {"nb": "Mann", "en": "Male"},
    "other": {"nb": "Annet", "en": "Other"},
}


def relationships(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The kinds of relationship that activities of the controller apply to."""
    declared = current(controller_id=controller_id, on=clock.today())
    kinds = {kind for activity in declared.activities for kind in activity.applies_to}
    return {key: {"nb": word.nb, "en": word.en} for key, word in vocabulary().relationships.items() if key in kinds}


def topics(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The topics the controller offers."""
    declared = current(controller_id=controller_id, on=clock.today())
    return {topic.key: topic.name for topic in declared.topics}


def genders(controller_id: int) -> dict[str, Mapping[str, str]]:
    """Genders on record."""
    return GENDERS
