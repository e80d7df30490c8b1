"""What a form says where it asks: what, why, on what ground and until when (GDPR 13, A2). The statement's own words."""

from dataclasses import dataclass

from tillit.declaration.site_parts import Form
from tillit.declaration.statement.wording import Words, sentence


@dataclass(frozen=True)
class AtForm:
    """The words at one form. what: categories with their fields; until: category → sentences on how long."""

    key: str
    notice: str
    why: str
    grounds: tuple[str, ...]
    what: tuple[tuple[str, str], ...]
    until: tuple[tuple[str, tuple[str, ...]], ...]


def at_form(words: Words, form: Form) -> AtForm:
    """What the declaration says of the form, of the activity it serves and of each category it collects."""
    declared = words.declaration
    activity = declared.activity(form.activity)
    fields = {use.key: words.of(use.fields) for use in declared.categories}
    return AtForm(
        key=form.key,
        notice=words.of(form.notice),
        why=sentence(words.of(activity.purpose)) if activity else "",
        grounds=tuple(words.ground(basis.ground) for basis in activity.basis) if activity else (),
        what=tuple((words.word("categories", key), fields.get(key, "")) for key in form.collects),
        until=tuple((words.word("categories", key), _until(words, key)) for key in form.collects),
    )


def _until(words: Words, category: str) -> tuple[str, ...]:
    rules = [rule for rule in words.declaration.retention if rule.category == category]
    return tuple(dict.fromkeys(sentence(words.retention(rule)) for rule in rules))
