"""Every reference inside a declaration leads somewhere: keys are unique, and what is named is declared."""

from collections.abc import Iterable, Iterator

from tillit.declaration.checking.context import Context, Path
from tillit.declaration.errors import Problem

ADVISERS = frozenset({"privacy_adviser", "delegate"})
"""Besides the contact points, what `rights.contact` may name."""


def problems(context: Context) -> Iterator[Problem]:
    """Duplicates, and references to activities, categories, recipients, processors, rules and contact points."""
    yield from _duplicates(context)
    yield from _activities(context)
    yield from _retention(context)
    yield from _kept_with(context)
    yield from _archives(context)
    yield from _holds(context)
    yield from _outside(context)
    yield from _recordings(context)
    yield from _forms(context)
    yield from _contact(context)
    yield from _changes(context)


def _duplicates(context: Context) -> Iterator[Problem]:
    declaration = context.declaration
    keyed: dict[str, Iterable[tuple[object, ...]]] = {
        "categories": ((item.key,) for item in declaration.categories),
        "activities": ((item.key,) for item in declaration.activities),
        "retention": ((item.key,) for item in declaration.retention),
        "archives": ((item.key,) for item in declaration.archives),
        "holds": ((item.key,) for item in declaration.holds),
        "recipients": ((item.key,) for item in declaration.recipients),
        "processors": ((item.key,) for item in declaration.processors),
        "transfers": ((item.key,) for item in declaration.transfers),
        "partners": ((item.key,) for item in declaration.partners),
        "sites": ((item.key,) for item in declaration.sites),
        "security": ((item.key,) for item in declaration.security),
        "recordings": ((item.key,) for item in declaration.recordings),
        "forms": ((item.key,) for item in declaration.forms),
        "topics": ((item.key,) for item in declaration.topics),
        "sign_in_providers": ((item.key,) for item in declaration.sign_in_providers),
        "sign_in_ways": ((item.key,) for item in declaration.sign_in_ways),
        "device_permissions": ((item.key,) for item in declaration.device_permissions),
        "notices": ((item.key,) for item in declaration.notices),
    }
    for name, keys in keyed.items():
        yield from _repeated(context, (name,), keys)
    points = ((item.key,) for item in declaration.controller.contact_points)
    yield from _repeated(context, ("controller", "contact_points"), points)
    cookies = ((item.name, item.group, item.owner, item.storage) for item in declaration.cookies.items)
    yield from _repeated(context, ("cookies", "items"), cookies)
    shared = context.recipients.keys() & context.processors.keys()
    for i, processor in enumerate(declaration.processors):
        if processor.key in shared:
            message = f"'{processor.key}' is a recipient too; give one of them another key"
            yield context.problem(("processors", i, "key"), "duplicate-key", message)


def _repeated(context: Context, path: Path, keys: Iterable[tuple[object, ...]]) -> Iterator[Problem]:
    seen = set()
    for index, key in enumerate(keys):
        if key in seen:
            words = " / ".join(str(part) for part in key)
            yield context.problem((*path, index), "duplicate-key", f"'{words}' stands twice in {path[-1]}")
        seen.add(key)


def _changes(context: Context) -> Iterator[Problem]:
    """What waits for acceptance is declared, and nothing that the law asks of everybody."""
    declared = context.declaration.changes
    for n, key in enumerate(declared.waits):
        at: Path = ("changes", "waits", n)
        yield from _activity(context, at, key)
        word = context.words.activities.get(key)
        if word and word.required:
            yield context.problem(at, "never-waits", f"'{key}' is required by law and waits for nobody's acceptance")
    if declared.waits and declared.acceptance != "active":
        message = "nothing waits where continued use is acceptance: say acceptance: active, or leave waits out"
        yield context.problem(("changes", "waits"), "waits-without-acceptance", message)


def _activity(context: Context, path: Path, key: str) -> Iterator[Problem]:
    if key in context.words.activities and key not in context.activities:
        message = f"activity '{key}' is not declared under activities"
        yield context.problem(path, "undeclared-activity", message)


def _undeclared(context: Context, path: Path, category: str) -> Iterator[Problem]:
    if category in context.words.categories and category not in context.categories:
        message = f"category '{category}' is not declared under categories"
        yield context.problem(path, "undeclared-category", message)


def _activities(context: Context) -> Iterator[Problem]:
    for i, activity in enumerate(context.declaration.activities):
        at: Path = ("activities", i)
        for field in ("uses", "records"):
            for n, word in enumerate(getattr(activity, field)):
                yield from _undeclared(context, (*at, field, n), word)
                if not context.words.open(word, activity.key):
                    message = f"'{word}' is open only to {', '.join(context.words.categories[word].open_to)}"
                    yield context.problem((*at, field, n), "category-closed", message)
        for n, word in enumerate(activity.recipients):
            if word not in context.recipients:
                message = f"recipient '{word}' is not declared under recipients"
                yield context.problem((*at, "recipients", n), "undeclared-recipient", message)
        known = context.words.activities.get(activity.key)
        if activity.reads_archive and known and "archived" not in known.sees:
            message = f"activity '{activity.key}' never sees archived rows, so it cannot read an archive"
            yield context.problem((*at, "reads_archive"), "archive-unseen", message)


def _retention(context: Context) -> Iterator[Problem]:
    for i, rule in enumerate(context.declaration.retention):
        at: Path = ("retention", i)
        yield from _undeclared(context, (*at, "category"), rule.category)
        yield from _activity(context, (*at, "activity"), rule.activity)
        activity = context.activities.get(rule.activity)
        if activity and rule.category in context.categories and rule.category not in context.touches(activity):
            message = f"activity '{rule.activity}' neither uses nor records '{rule.category}', so it cannot keep it"
            yield context.problem((*at, "category"), "category-unused", message)
        if rule.on_behalf_of and rule.on_behalf_of not in context.recipients:
            message = f"'{rule.on_behalf_of}' is not declared under recipients"
            yield context.problem((*at, "on_behalf_of"), "undeclared-recipient", message)
        archived = {word for archive in context.declaration.archives for word in archive.categories}
        if rule.disposal == "archive" and rule.category not in archived:
            message = f"disposal is archive, but no archive holds '{rule.category}'"
            yield context.problem((*at, "disposal"), "no-archive", message)


def _kept_with(context: Context) -> Iterator[Problem]:
    for i, rule in enumerate(context.declaration.retention):
        linked = rule.clock == "linked_data_gone"
        if linked and (not rule.kept_with or rule.period != "P0D" or rule.rule != "keep"):
            message = "with the clock linked_data_gone a rule names kept_with, its rule is keep and its period P0D"
            yield context.problem(("retention", i, "clock"), "linked-data", message)
        elif rule.kept_with and not linked:
            message = "kept_with needs the clock linked_data_gone"
            yield context.problem(("retention", i, "kept_with"), "linked-data", message)
        for n, word in enumerate(rule.kept_with):
            yield from _undeclared(context, ("retention", i, "kept_with", n), word)
            if word == rule.category:
                message = f"'{word}' cannot be kept with itself"
                yield context.problem(("retention", i, "kept_with", n), "linked-data", message)


def _holds(context: Context) -> Iterator[Problem]:
    for i, hold in enumerate(context.declaration.holds):
        yield from _activity(context, ("holds", i, "activity"), hold.activity)
        for n, word in enumerate(hold.categories):
            yield from _undeclared(context, ("holds", i, "categories", n), word)


def _archives(context: Context) -> Iterator[Problem]:
    for i, archive in enumerate(context.declaration.archives):
        if "(" in archive.clock:
            message = "rows enter an archive a period after an event, not after the end of a year"
            yield context.problem(("archives", i, "clock"), "archive-clock", message)
        for n, word in enumerate(archive.categories):
            yield from _undeclared(context, ("archives", i, "categories", n), word)
        for n, word in enumerate(archive.readers):
            activity = context.activities.get(word)
            at: Path = ("archives", i, "readers", n)
            yield from _activity(context, at, word)
            if activity and not activity.reads_archive:
                message = f"activity '{word}' is a reader of the archive but lacks reads_archive"
                yield context.problem(at, "archive-reader", message)


def _outside(context: Context) -> Iterator[Problem]:
    for name in ("recipients", "processors"):
        for i, party in enumerate(getattr(context.declaration, name)):
            for n, word in enumerate(party.categories):
                yield from _undeclared(context, (name, i, "categories", n), word)
    for i, processor in enumerate(context.declaration.processors):
        if processor.under is None:
            continue
        at: Path = ("processors", i, "under")
        if processor.under not in context.processors:
            message = f"processor '{processor.under}' is not declared under processors"
            yield context.problem(at, "undeclared-processor", message)
        elif _loops(context, processor.key):
            message = f"the chain of processors above '{processor.key}' comes back to itself"
            yield context.problem(at, "processor-loop", message)


def _loops(context: Context, key: str) -> bool:
    seen = {key}
    above = context.processors[key].under
    while above and above in context.processors:
        if above in seen:
            return True
        seen.add(above)
        above = context.processors[above].under
    return False


def _recordings(context: Context) -> Iterator[Problem]:
    for i, recording in enumerate(context.declaration.recordings):
        at: Path = ("recordings", i)
        yield from _undeclared(context, (*at, "category"), recording.category)
        rule = context.rules.get(recording.retention)
        if rule is None:
            message = f"retention rule '{recording.retention}' is not declared under retention"
            yield context.problem((*at, "retention"), "undeclared-retention", message)
        elif rule.category != recording.category:
            message = f"retention rule '{rule.key}' is about '{rule.category}', not '{recording.category}'"
            yield context.problem((*at, "retention"), "recording-category", message)
        elif rule.period != recording.kept:
            message = f"kept {recording.kept}, but retention rule '{rule.key}' says {rule.period}"
            yield context.problem((*at, "kept"), "recording-period", message)


def _forms(context: Context) -> Iterator[Problem]:
    for i, form in enumerate(context.declaration.forms):
        activity = context.activities.get(form.activity)
        yield from _activity(context, ("forms", i, "activity"), form.activity)
        for n, word in enumerate(form.collects):
            at: Path = ("forms", i, "collects", n)
            yield from _undeclared(context, at, word)
            if activity and word in context.categories and word not in activity.records:
                message = f"the form collects '{word}', which activity '{activity.key}' does not record"
                yield context.problem(at, "form-collects", message)


def _contact(context: Context) -> Iterator[Problem]:
    points = {point.key for point in context.declaration.controller.contact_points}
    contact = context.declaration.rights.contact
    if contact == "delegate" and context.declaration.controller.delegate is None:
        yield context.problem(("rights", "contact"), "undeclared-contact", "there is no delegate to contact")
    elif contact not in points | ADVISERS:
        message = f"'{contact}' is neither a contact point, privacy_adviser nor delegate"
        yield context.problem(("rights", "contact"), "undeclared-contact", message)
