"""Purpose limitation, tried live: under each activity, rows of categories it does not declare are asked for by key."""

from collections.abc import Callable, Iterator

from tillit.declaration import registry
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import vocabulary
from tillit.privacy.prove.context import Context, seen
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, texts, word


def _promised(declaration: Declaration) -> Iterator[Said]:
    for activity in declaration.activities:
        used = declaration.category_keys() if "*" in (*activity.uses, *activity.records) else None
        said = texts(
            declaration,
            "purpose_all" if used else "purpose",
            activity=word("activities", activity.key),
            categories=_categories(activity),
        )
        yield Said(f"activities.{activity.key}.uses", said, activity)


def _categories(activity: Activity) -> Callable[[Words], str]:
    keys = dict.fromkeys((*activity.uses, *activity.records))
    return lambda words: words.listing(words.words("categories", keys) or ("–",))


def _check(context: Context, said: Said) -> Finding:
    activity: Activity = said.item
    named, words = context.declaration.named(activity), vocabulary()
    if words.activities[activity.key].disposes and "*" in activity.uses:
        named = frozenset(words.categories)
    faults, tried, positive = [], 0, 0
    with context.scope(activity.key):
        for (table, category), keys in context.samples.items():
            reached = seen(registry.PERSONAL[table], keys)
            if category in named:
                positive += reached
            else:
                tried += len(keys)
                if reached:
                    faults.append(f"{activity.key} reads {reached} rows of {category} in {table}")
    return judged(faults, undeclared_rows_tried=tried, declared_rows_seen=positive)


KIND = Kind("purpose", _promised, _check)
