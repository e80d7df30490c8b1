"""What a period is counted from must be there as long as the period runs: a relationship is not forgotten first (H10).

The clocks `relationship_ended` and `access_ended` are read from the relationship's own row. Once that is gone the rule
no longer concerns the person, so what it keeps would go at once.
"""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context
from tillit.declaration.clocks import Clock, ClockError, ever_earlier
from tillit.declaration.errors import Problem
from tillit.declaration.schema import Retention
from tillit.kernel.periods import IsoPeriod

RELATIONSHIP = "relationship"
_COUNTED = frozenset({"relationship_ended", "access_ended"})
_NOBODY = frozenset({"visitor"})
"""Relationships that no person has: visits name nobody."""


def problems(context: Context) -> Iterator[Problem]:
    """Rules that count from the end of a relationship of which nothing is known by then."""
    known = [one for one in context.declaration.retention if one.category == RELATIONSHIP and one.rule != "ceiling"]
    for i, rule in enumerate(context.declaration.retention):
        if rule.category == RELATIONSHIP or (clock := _clock(rule)) is None or clock.event not in _COUNTED:
            continue
        forgotten = [
            kind
            for kind in _kinds(context, rule)
            if kind not in _NOBODY and not any(_remembers(context, one, rule, kind) for one in known)
        ]
        if forgotten:
            message = f"'{rule.category}' is counted from a relationship that is gone by then ({', '.join(forgotten)})"
            yield context.problem(("retention", i, "clock"), "clock-forgotten", message)


def _remembers(context: Context, known: Retention, rule: Retention, kind: str) -> bool:
    """Whether `known` keeps a relationship of that kind until `rule` has lapsed."""
    if rule.category in known.kept_with:
        return True
    clocks = _clock(known), _clock(rule)
    if kind not in _kinds(context, known) or clocks[0] is None or clocks[1] is None or clocks[0].event not in _COUNTED:
        return False
    ends = (clocks[0], IsoPeriod.parse(known.period)), (clocks[1], IsoPeriod.parse(rule.period))
    return not ever_earlier(*ends, context.declaration.controller.financial_year)


def _kinds(context: Context, rule: Retention) -> tuple[str, ...]:
    activity = context.activities.get(rule.activity)
    return tuple(activity.applies_to) if activity else ()


def _clock(rule: Retention) -> Clock | None:
    try:
        return Clock.parse(rule.clock)
    except ClockError:
        return None  # refused by `words`
