"""The record of processing activities and hints for impact assessments (GDPR art. 30 and 35, H15)."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from tillit.declaration.countries import in_eea
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.statement.texts import text
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.csv_text import inert


@dataclass(frozen=True)
class Entry:
    """One activity as art. 30(1)(b)–(g) asks for it; every value in words of one language."""

    activity: str
    name: str
    purpose: str
    grounds: tuple[str, ...]
    people: tuple[str, ...]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    processors: tuple[str, ...]
    transfers: tuple[str, ...]
    limits: tuple[str, ...]
    security: tuple[str, ...]
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """The record of one controller: who (art. 30(1)(a)) and what it does."""

    controller: str
    organisation_number: str
    contact: tuple[str, ...]
    joint_controllers: tuple[str, ...]
    privacy_adviser: tuple[str, ...]
    effective: str
    entries: tuple[Entry, ...]


def record(declaration: Declaration, language: str) -> Record:
    """The record of processing in `language`. The security measures include those not published: it is for the
    controller and the authority, not for the public.
    """
    words = Words(declaration, language)
    controller = declaration.controller
    adviser = controller.privacy_adviser
    others = tuple(key for key in controller.arrangement.parties if key != controller.key)
    return Record(
        controller=controller.name,
        organisation_number=controller.organisation_number,
        contact=(controller.email, controller.phone),
        joint_controllers=tuple(words.party(key) for key in others),
        privacy_adviser=tuple(way for way in (words.of(adviser.title), adviser.email, adviser.phone) if way),
        effective=declaration.effective.isoformat(),
        entries=tuple(_entry(words, activity) for activity in declaration.activities),
    )


def touched(declaration: Declaration, activity: Activity) -> tuple[str, ...]:
    """The categories the activity reads or writes, in the order declared."""
    named = declaration.named(activity)
    return tuple(item.key for item in declaration.categories if item.key in named)


def _entry(words: Words, activity: Activity) -> Entry:
    declaration = words.declaration
    held = touched(declaration, activity)
    processors = [item for item in declaration.processors if set(item.categories) & set(held)]
    outside = {*activity.recipients, *(item.key for item in processors)}
    return Entry(
        activity=activity.key,
        name=words.word("activities", activity.key),
        purpose=words.of(activity.purpose),
        grounds=tuple(words.ground(basis.ground) for basis in activity.basis),
        people=words.words("relationships", activity.applies_to),
        categories=words.words("categories", held),
        recipients=tuple(words.party(key) for key in activity.recipients),
        processors=tuple(item.name for item in processors),
        transfers=tuple(
            f"{words.party(item.to)}, {words.country(item.country)}: {words(f'transfers.grounds.{item.ground}')}"
            for item in declaration.transfers
            if item.to in outside
        ),
        limits=tuple(
            f"{words.word('categories', rule.category)}: {words.retention(rule)}"
            for rule in declaration.retention
            if rule.activity == activity.key
        ),
        security=tuple(words.of(item.text) for item in declaration.security),
        hints=tuple(words(f"hints.{hint}") for hint in hints(declaration, activity)),
    )


def hints(declaration: Declaration, activity: Activity) -> Iterator[str]:
    """Why the activity may need an impact assessment (art. 35 and the authority's list); keys of the texts `hints`."""
    for key, applies in HINTS.items():
        if applies(declaration, activity):
            yield key


def _reaches_outside_eea(declaration: Declaration, activity: Activity) -> bool:
    held = set(touched(declaration, activity))
    parties = [item for item in declaration.processors if held & set(item.categories)]
    countries = [item.country for item in parties]
    countries += [item.country for item in declaration.recipients if item.key in activity.recipients]
    return any(not in_eea(code) for code in countries)


HINTS: dict[str, Callable[[Declaration, Activity], bool]] = {
    "profiling": lambda _, activity: activity.key in {"profiling", "energy_insight", "advertising", "tailored_advice"},
    "sealed": lambda declaration, activity: any(
        vocabulary().categories[key].sealed for key in touched(declaration, activity)
    ),
    "children": lambda _, activity: bool({"family_member"} & set(activity.applies_to)),
    "employees": lambda _, activity: bool({"employee", "applicant"} & set(activity.applies_to)),
    "combining": lambda _, activity: len(set(activity.sources)) > 2,
    "outside_eea": _reaches_outside_eea,
}
"""What speaks for an impact assessment, by the key of its text."""


def as_csv(made: Record, language: str) -> str:
    """The record as a spreadsheet: one row an activity, `;` between columns, a line break between the values of a cell.

    A cell that a spreadsheet would read as a formula starts with an apostrophe.
    """
    names = [item.name for item in fields(Entry)]
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\n")
    writer.writerow([text(language, f"record.{name}") for name in names])
    for entry in made.entries:
        values = [getattr(entry, name) for name in names]
        writer.writerow([inert(value if isinstance(value, str) else "\n".join(value)) for value in values])
    return target.getvalue()
