"""Consent, objection and restriction act: who may be processed, told a second time from the events (F1, F2, H4, H5).

The lawful set that every activity runs on is held against one replayed here, in Python, from the events alone; so is
every current choice. A restricted person's rows must all be restricted, and a free person's none.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection

from tillit.consent.queries import lawful_subjects
from tillit.declaration import registry
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.sql import load
from tillit.privacy.prove.changes import unaccepted
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts, word

_EFFECTS = {
    "given": ("consented", True),
    "withdrawn": ("consented", False),
    "objected": ("objected", True),
    "objection_lifted": ("objected", False),
    "objection_refused": ("objected", False),
}


_UNDONE_BY = {"given": "withdrawn", "objection_lifted": "objected", "objection_refused": "objected"}
"""What allows processing, and the no that a later date lets stand against it, whichever was noted first."""


@dataclass
class Standing:
    """Where one (controller, activity, channel) of a person stands after every act."""

    consented: bool = False
    objected: bool = False


Acts = dict[tuple[int, int], dict[str, Standing]]
"""(subject, controller) → channel → standing."""


def _asks(activity: Activity) -> bool:
    grounds = {basis.ground for basis in activity.basis}
    marketing = vocabulary().activities[activity.key].marketing
    return "consent" in grounds or marketing or not grounds - {"legitimate_interest", "public_task"}


def _promised(declaration: Declaration) -> Iterator[Said]:
    for activity in declaration.activities:
        if _asks(activity):
            key = "consent" if any(b.ground == "consent" for b in activity.basis) else "objection"
            said = texts(declaration, key, activity=word("activities", activity.key))
            yield Said(f"activities.{activity.key}.basis", said, activity)


def _check(context: Context, said: Said) -> Finding:
    activity: Activity = said.item
    replayed, unproven = _replay(context, activity.key)
    faults = [f"{unproven} acts without route, wording or a known version"] if unproven else []
    faults += _choices(context, activity.key, replayed)
    people = 0
    for channel in (None, *activity.channels):
        told = lawful_subjects(controller_id=context.id, activity=activity.key, channel=channel)
        if channel is not None and not activity.first_contact:
            expected: set[int] = set()
        else:
            expected = _lawful(context, activity, channel or "", replayed)
        expected -= unaccepted(context, activity.key, expected)
        people = max(people, len(expected))
        if wrong := told - expected:
            faults.append(f"{channel or 'any channel'}: {len(wrong)} people would be processed without ground")
        if missed := expected - told:
            faults.append(f"{channel or 'any channel'}: {len(missed)} people are left out without reason")
    return judged(faults, people=people, choices=sum(map(len, replayed.values())), channels=len(activity.channels))


def _replay(context: Context, activity: str) -> tuple[Acts, int]:
    """Every standing from the acts in the order they were noted; and how many acts prove nothing."""
    found: Acts = defaultdict(dict)
    noes: dict[tuple[int, int], list[tuple[str, str, datetime]]] = defaultdict(list)
    unproven = 0
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "consent", "events"), {"controllers": [context.id, context.holder_id], "activity": activity}
        )
        for subject, controller, channel, kind, at, proven in cursor.fetchall():
            unproven += not proven
            who = subject, controller
            stands = {one for what, one, when in noes[who] if what == _UNDONE_BY.get(kind) and when > at}
            if not stands & {"", channel}:
                _act(found[who], channel, kind, except_for=stands)
            noes[who].append((kind, channel, at))
    return found, unproven


def _act(standing: dict[str, Standing], channel: str, kind: str, *, except_for: set[str]) -> None:
    """What one act changes: its channel, or every channel there is when it is a general one."""
    if channel not in standing:
        standing[channel] = replace(standing.get("", Standing()))
    name, value = _EFFECTS[kind]
    for one in set(standing) - except_for if channel == "" else {channel}:
        setattr(standing[one], name, value)


def _choices(context: Context, activity: str, replayed: Acts) -> Iterator[str]:
    """The controller's current choices that no act explains, and acts without the choice they led to."""
    wrong, present = 0, set()
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(load(__file__, "consent", "choices"), {"controller": context.id, "activity": activity})
        for subject, channel, consented, objected in cursor.fetchall():
            present.add((subject, channel))
            standing = replayed.get((subject, context.id), {}).get(channel)
            if standing is None:
                wrong += consented  # the acts behind a choice that says no may have lapsed
            else:
                wrong += (standing.consented, standing.objected) != (consented, objected)
    if wrong:
        yield f"{wrong} choices that their acts do not explain"
    lost = sum(
        (subject, channel) not in present
        for (subject, controller), channels in replayed.items()
        for channel, standing in channels.items()
        if controller == context.id and (standing.consented or standing.objected)
    )
    if lost:
        yield f"{lost} acts without the choice they led to"


def _lawful(context: Context, activity: Activity, channel: str, replayed: Acts) -> set[int]:
    """Whom the activity may process, from the facts one by one."""
    known, grounds = vocabulary().activities[activity.key], {basis.ground for basis in activity.basis}
    may_object = known.marketing or not grounds - {"consent", "legitimate_interest", "public_task"}
    must_consent = grounds == {"consent"} or (known.marketing and "consent" in grounds)
    found = set()
    for subject, state, account in _people(context, activity, context.on):
        mine, jointly = (
            _standing(replayed.get((subject, controller), {}), channel)
            for controller in (context.id, context.holder_id)
        )
        if state in (1, 3) and "restricted" not in known.sees:
            continue
        if may_object and any(one is not None and one.objected for one in (mine, jointly)):
            continue
        decided = mine or jointly
        if must_consent and not (decided is not None and decided.consented):
            continue
        if activity.requires_account and not account:
            continue
        found.add(subject)
    return found


def _standing(channels: dict[str, Standing], channel: str) -> Standing | None:
    """What was said for the channel, else in general."""
    return channels.get(channel) or channels.get("")


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
            marked = any(
                h.state in (1, 3)
                for h in context.shared.held
                if (h.table, h.controller_id) == (table.table, context.id)
            )
            rows, wrong = _differing(cursor, table.table, context, everybody=marked)
            restricted += rows
            if wrong:
                faults.append(f"{table.table}: {wrong} rows differ from their person's restriction")
    return judged(faults, restricted_people=people, restricted_rows=restricted)


def _differing(cursor: Any, table: str, context: Context, *, everybody: bool) -> tuple[int, int]:
    """Rows of restricted people, and rows whose state differs from their person's. The whole table is looked through
    only where it holds a restricted row.
    """
    of_restricted = (
        "t.subject_id IN (SELECT id FROM parties_subject WHERE register_id = %(register)s AND state IN (1, 3))"
    )
    which = f"({of_restricted} OR t.state IN (1, 3))" if everybody else of_restricted
    cursor.execute(
        f"SELECT count(*), count(*) FILTER (WHERE (t.state IN (1, 3)) <> {of_restricted})"
        f" FROM {table} t WHERE t.controller_id = %(controller)s AND {which}",
        {"controller": context.id, "register": context.controller.register_id},
    )
    rows, wrong = cursor.fetchone()
    return int(rows), int(wrong)


KIND = Kind("consent", _promised, _check)
RESTRICTION = Kind("restriction", once("restriction", "rights"), _restricted)
