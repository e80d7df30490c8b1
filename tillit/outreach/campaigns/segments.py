"""Conditions as data, compiled to one statement (F3).

A condition is `{"fact": KEY, "value": V}`, or one of `{"all": […]}`, `{"any": […]}`, `{"not": …}`; `{}` is everybody. A
fact may be picked by where each of its categories is one that the activity may use; the statement runs under row
security in the scope of that activity, which would show nothing else anyway. Each fact is one part of the statement, a
set of people joined once; values are parameters. Whom the conditions pick is found first: nothing else is asked about
the others. Picking by what people bought is profiling: whoever objected to that is left out, and it must be declared.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tillit.consent.queries import reasons, statement
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.registry import SEGMENT_FACTS, SegmentFact
from tillit.declaration.schema import Activity
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.messages import addresses
from tillit.outreach.campaigns.errors import CampaignError

PROFILING = "profiling"
MOST, DEEPEST = 12, 4
_LONGEST, _LARGEST = 60, 40_000
_ADDRESSES = {**addresses.KINDS, addresses.POST: ("address.street", "address.postal_code", "address.city")}


@dataclass(frozen=True)
class Compiled:
    """A statement that gives (subject_id, reason) of everybody the activity applies to: '' who is in the set and may be
    written to, `not-picked` who is not in it, else why not. And its parameters.
    """

    text: str
    values: dict[str, Any]


@dataclass
class _Parts:
    joins: list[str] = field(default_factory=list)
    facts: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    profiles: bool = False


def offered(*, controller: Controller, activity: str) -> dict[str, tuple[SegmentFact, bool]]:
    """Every registered fact → whether the activity may be picked by it at the controller."""
    declared = current(controller_id=controller.pk, on=clock.today())
    found = declared.activity(activity)
    may = declared.named(found) if found else frozenset()
    profiling = declared.activity(PROFILING)
    return {
        key: (fact, set(fact.categories) <= may and (not fact.profiles or _profiles(profiling, fact)))
        for key, fact in SEGMENT_FACTS.items()
    }


def _profiles(profiling: Activity | None, fact: SegmentFact) -> bool:
    return profiling is not None and bool(set(fact.categories) & set(profiling.uses))


def check(*, controller: Controller, activity: str, segment: Any) -> dict[str, Any]:
    """The segment, when it can be used. Raises `CampaignError`: `segment-malformed`, `fact-unknown`, `fact-not-allowed`
    (the activity may not use its category), `value`, `segment-large`.
    """
    if not isinstance(segment, dict) or len(json.dumps(segment)) > 20_000:
        raise CampaignError("segment-malformed", "a segment is an object of conditions")
    leaves = list(_leaves(segment, 0)) if segment else []
    if len(leaves) > MOST:
        raise CampaignError("segment-large", f"a segment has at most {MOST} conditions")
    known = offered(controller=controller, activity=activity)
    for leaf in leaves:
        fact, may = known.get(leaf["fact"], (None, False))
        if fact is None:
            raise CampaignError("fact-unknown", f"there is no fact '{str(leaf['fact'])[:40]}'")
        if not may:
            raise CampaignError("fact-not-allowed", f"{activity} may not be picked by {fact.key}")
        _check_value(controller, fact, leaf["value"])
    return segment


def _leaves(node: Any, depth: int) -> Iterator[dict[str, Any]]:
    match node:
        case {"all": [*inner]} | {"any": [*inner]} if len(node) == 1 and inner and depth < DEEPEST:
            for one in inner:
                yield from _leaves(one, depth + 1)
        case {"not": inner} if len(node) == 1 and depth < DEEPEST:
            yield from _leaves(inner, depth + 1)
        case {"fact": str(), "value": str() | int()} if len(node) == 2:
            yield node
        case _:
            raise CampaignError(
                "segment-malformed", "a condition is a fact with its value, or all, any or not of others"
            )


def _check_value(controller: Controller, fact: SegmentFact, value: Any) -> None:
    good = {
        "number": isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST,
        "text": isinstance(value, str) and 0 < len(value) <= _LONGEST,
        "choice": isinstance(value, str) and value in (fact.options(controller.pk) if fact.options else {}),
    }[fact.kind]
    if not good:
        raise CampaignError("value", f"that is no value of {fact.key}")


def compiled(*, controller: Controller, activity: str, channel: str, segment: Any, except_for: int = 0) -> Compiled:
    """The statement of a set. `except_for`: a campaign whose own messages do not count as having come too soon.

    Raises `CampaignError`, also where the activity may not write first over the channel at all (D14).
    """
    check(controller=controller, activity=activity, segment=segment)
    answer = statement(controller_id=controller.pk, activity=activity, channel=channel)
    if isinstance(answer, str):
        raise CampaignError(answer, f"{activity} may not send over {channel}")
    values = answer.values
    now, declared = clock.now(), current(controller_id=controller.pk, on=clock.today())
    found = declared.activity(activity)
    often = found.at_most_every if found else None
    needed = _ADDRESSES.get(channel, ())
    parts = _Parts(
        values={
            **values,
            "now": now,
            "kinds": list(needed),
            "enough": len(needed),
            "often": IsoPeriod.parse(often).interval if often else None,
            "except_for": except_for,
        }
    )
    picked = _condition(segment, parts, {**values, "now": now}) if segment else "true"
    profiled = "SELECT NULL::bigint AS subject_id, '' AS reason WHERE false"
    if parts.profiles:
        said = statement(controller_id=controller.pk, activity=PROFILING)
        if isinstance(said, str):
            raise CampaignError("fact-not-allowed", "profiling is not declared")
        some = load(__file__, "audience", "profiled").replace("/*applies*/", said.applies)
        profiled = _renamed(said.lawful(some), said.values, "profiling_", parts.values)
    text = load(__file__, "audience", {"push": "pushed", addresses.POST: "housed"}.get(channel, "addressed"))
    frame = load(__file__, "audience", "audience")
    for mark, inner in (
        ("/*applies*/", answer.applies),
        ("/*lawful*/", answer.lawful("SELECT subject_id, died FROM picked")),
        ("/*profiled*/", profiled),
        ("/*reachable*/", text),
        ("/*joins*/", "\n".join(parts.joins)),
        ("/*picked*/", picked),
        ("/*profiling*/", "true" if parts.profiles else "false"),
    ):
        frame = frame.replace(mark, inner)
    return Compiled(frame, parts.values)


def picked(*, controller: Controller, activity: str, segment: Any, people: Collection[int]) -> frozenset[int]:
    """Those of the people whom the conditions hold for, of whom none objects where they profile; in an open scope of
    the activity. Raises `CampaignError` as `check`.
    """
    check(controller=controller, activity=activity, segment=segment)
    if not segment:
        return frozenset(people)
    holders = sorted(everyone(controller))
    common = {"controller": controller.pk, "holders": holders, "today": clock.today(), "now": clock.now()}
    parts = _Parts(values={**common, "people": list(people)})
    holds = _condition(segment, parts, common)
    text = load(__file__, "audience", "of_people")
    text = text.replace("/*joins*/", "\n".join(parts.joins)).replace("/*picked*/", holds)
    with connection.cursor() as cursor:
        cursor.execute(text, parts.values)
        found = frozenset(subject for (subject,) in cursor.fetchall())
    if parts.profiles:
        said = reasons(controller_id=controller.pk, activity=PROFILING)
        found = frozenset(one for one in found if said.get(one) == "")
    return found


def _condition(node: dict[str, Any], parts: _Parts, common: dict[str, Any], *, firm: bool = True) -> str:
    """`firm`: where it does not hold, nobody is picked; then a fact is a semi-join or an anti-join and needs no set."""
    match node:
        case {"all": inner}:
            return "(" + " AND ".join(_condition(one, parts, common, firm=firm) for one in inner) + ")"
        case {"any": inner}:
            return "(" + " OR ".join(_condition(one, parts, common, firm=False) for one in inner) + ")"
        case {"not": {"fact": _} as inner} if firm:
            return f"NOT {_condition(inner, parts, common)}"
        case {"not": inner}:
            return f"NOT {_condition(inner, parts, common, firm=False)}"
    fact = SEGMENT_FACTS[node["fact"]]
    parts.profiles |= fact.profiles
    name = f"c{parts.facts}"
    parts.facts += 1
    body = load(fact.module_file, fact.file, fact.name)
    inner = _renamed(body, {**common, "value": node["value"]}, f"{name}_", parts.values)
    held = load(__file__, "audience", "fact").replace("/*fact*/", inner)
    if firm:
        return load(__file__, "audience", "holds").replace("/*held*/", held)
    parts.joins.append(load(__file__, "audience", "set").replace("/*held*/", held).replace("/*name*/", name))
    return f"({name}.subject_id IS NOT NULL)"


def _renamed(text: str, values: dict[str, Any], prefix: str, into: dict[str, Any]) -> str:
    """The statement with its parameters under names of their own. Only names of parameters change."""
    for name, value in values.items():
        if f"%({name})s" in text:
            text = text.replace(f"%({name})s", f"%({prefix}{name})s")
            into[f"{prefix}{name}"] = value
    return text


def everyone(controller: Controller) -> set[int]:
    """The controllers in whose rows a set is picked: its own, and the holder's of a joint register."""
    return {controller.pk, holder_of(controller_id=controller.pk)}
