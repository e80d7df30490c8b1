"""Consent, objection and restriction act: who may be processed, told a second time from the events (F1, F2, H4, H5).

The lawful set that every activity runs on is held against one replayed here, in Python, from the events alone; so is
every current choice. A restricted person's rows must all be restricted, and a free person's none.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db import connection

from tillit.consent.queries import lawful_subjects
from tillit.declaration import registry
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts

_EFFECTS = {
    "given": ("consented", True),
    "withdrawn": ("consented", False),
    "objected": ("objected", True),
    "objection_lifted": ("objected", False),
    "objection_refused": ("objected", False),
}


@dataclass
class Standing:
    """Where one (activity, channel) of a person stands after every event."""

    consented: bool = False
    objected: bool = False
    proven: bool = True


def _asks(activity: Activity) -> bool:
    grounds = {basis.ground for basis in activity.basis}
    marketing = vocabulary().activities[activity.key].marketing
    return "consent" in grounds or marketing or not grounds - {"legitimate_interest", "public_task"}


def _promised(declaration: Declaration) -> Iterator[Said]:
    for activity in declaration.activities:
        if _asks(activity):
            key = "consent" if any(b.ground == "consent" for b in activity.basis) else "objection"
            said = texts(declaration, key, activity=lambda w, one=activity.key: w.word("activities", one))  # type: ignore[misc]
            yield Said(f"activities.{activity.key}.basis", said, activity)


def _check(context: Context, said: Said) -> Finding:
    activity: Activity = said.item
    replayed, unproven = _replay(context, activity.key)
    faults = [f"{unproven} acts without route, wording or a known version"] if unproven else []
    faults += _choices(context, activity.key, replayed)
    people = lawful = 0
    for channel in (None, *activity.channels):
        told = lawful_subjects(controller_id=context.id, activity=activity.key, channel=channel)
        if channel is not None and not activity.first_contact:
            expected: set[int] = set()
        else:
            expected = _lawful(context, activity, channel, replayed)
        people, lawful = max(people, len(expected)), lawful + len(told)
        if wrong := told - expected:
            faults.append(f"{channel or 'any channel'}: {len(wrong)} people would be processed without ground")
        if missed := expected - told:
            faults.append(f"{channel or 'any channel'}: {len(missed)} people are left out without reason")
    return judged(faults, people=people, choices=sum(map(len, replayed.values())), channels=len(activity.channels))


def _replay(context: Context, activity: str) -> tuple[dict[int, dict[str, Standing]], int]:
    """subject → channel → standing, from the events in their order; and how many acts prove nothing."""
    found: dict[int, dict[str, Standing]] = defaultdict(dict)
    unproven = 0
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(load(__file__, "consent", "events"), {"holder": context.holder_id, "activity": activity})
        for subject, channel, kind, proven in cursor.fetchall():
            unproven += not proven
            field, value = _EFFECTS[kind]
            standing = found[subject]
            standing.setdefault(channel, Standing())
            for one in standing if channel == "" else [channel]:
                setattr(standing[one], field, value)
    return found, unproven


def _choices(context: Context, activity: str, replayed: dict[int, dict[str, Standing]]) -> Iterator[str]:
    """Current choices that no event explains."""
    wrong, present = 0, set()
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(load(__file__, "consent", "choices"), {"holder": context.holder_id, "activity": activity})
        for subject, channel, consented, objected in cursor.fetchall():
            present.add((subject, channel))
            standing = replayed.get(subject, {}).get(channel)
            if standing is None:
                wrong += consented  # the events of a choice that says no may have lapsed
            else:
                wrong += (standing.consented, standing.objected) != (consented, objected)
    if wrong:
        yield f"{wrong} choices that their events do not explain"
    lost = sum((s, c) not in present and (v.consented or v.objected) for s, d in replayed.items() for c, v in d.items())
    if lost:
        yield f"{lost} acts without the choice they led to"


def _lawful(
    context: Context, activity: Activity, channel: str | None, replayed: dict[int, dict[str, Standing]]
) -> set[int]:
    """Whom the activity may process, from the facts one by one."""
    word, grounds = vocabulary().activities[activity.key], {basis.ground for basis in activity.basis}
    may_object = word.marketing or not grounds - {"consent", "legitimate_interest", "public_task"}
    must_consent = grounds == {"consent"} or (word.marketing and "consent" in grounds)
    found = set()
    for subject, state, account in _people(context, activity, context.on):
        standing = [v for c, v in replayed.get(subject, {}).items() if c in {"", channel or ""}]
        if state in (1, 3) and "restricted" not in word.sees:
            continue
        if may_object and any(one.objected for one in standing):
            continue
        if must_consent and not any(one.consented for one in standing):
            continue
        if activity.requires_account and not account:
            continue
        found.add(subject)
    return found


def _people(context: Context, activity: Activity, on: date) -> list[tuple[int, int, bool]]:
    """(subject, row state, has an account) of everyone related now in a way the activity applies to."""
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "consent", "people"),
            {"controller": context.id, "kinds": list(activity.applies_to), "on": on},
        )
        return list(cursor.fetchall())


def _restricted(context: Context, said: Said) -> Finding:
    """Each open restriction hides all rows of the person, and no other rows are hidden."""
    faults, restricted = [], 0
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(load(__file__, "consent", "restrictions"), {"register": context.controller.register_id})
        people, unmarked, overmarked = cursor.fetchone()
        if unmarked:
            faults.append(f"{unmarked} people whose restriction does not act")
        if overmarked:
            faults.append(f"{overmarked} people are restricted without a restriction")
        for table in registry.PERSONAL.values():
            cursor.execute(
                f"SELECT count(*), count(*) FILTER (WHERE (t.state IN (1, 3)) <> (s.state IN (1, 3)))"
                f" FROM {table.table} t JOIN parties_subject s ON s.id = t.subject_id"
                " WHERE t.controller_id = %s AND (t.state IN (1, 3) OR s.state IN (1, 3))",
                [context.id],
            )
            rows, wrong = cursor.fetchone()
            restricted += rows
            if wrong:
                faults.append(f"{table.table}: {wrong} rows differ from their person's restriction")
    return judged(faults, restricted_people=people, restricted_rows=restricted)


KIND = Kind("consent", _promised, _check)
RESTRICTION = Kind("restriction", once("restriction", "rights"), _restricted)
