"""Every category has a rule that ends it, and no promise of early erasure breaks a legal duty to keep (H10)."""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context
from tillit.declaration.clocks import Clock, ClockError, ever_earlier, surely_shorter
from tillit.declaration.errors import Problem
from tillit.declaration.schema import Retention
from tillit.kernel.periods import IsoPeriod


def problems(context: Context) -> Iterator[Problem]:
    """Categories without rule or activity, and ceilings below a statutory minimum of the same category."""
    kept = {rule.category for rule in context.declaration.retention}
    for i, category in enumerate(context.declaration.categories):
        if category.key not in kept:
            message = f"category '{category.key}' has no retention rule"
            yield context.problem(("categories", i), "no-retention", message)
        if not any(category.key in {*a.uses, *a.records} for a in context.declaration.activities):
            message = f"no activity uses or records category '{category.key}'"
            yield context.problem(("categories", i), "no-activity", message)
    yield from _stages(context)
    for i, low in enumerate(context.declaration.retention):
        for high in context.declaration.retention:
            if low.rule == "ceiling" and high.rule == "minimum" and _clash(context, low, high):
                message = f"the ceiling '{low.key}' ends before the statutory minimum '{high.key}' ({high.period})"
                yield context.problem(("retention", i, "period"), "ceiling-below-minimum", message)


STAGES = ("archive", "pseudonymise")
"""Disposals that change a row and leave it to the category's other rules to end."""


def _stages(context: Context) -> Iterator[Problem]:
    """What is archived or pseudonymised needs another rule that ends it."""
    ended = {rule.category for rule in context.declaration.retention if rule.disposal not in STAGES}
    for i, rule in enumerate(context.declaration.retention):
        at = ("retention", i, "disposal")
        if rule.disposal in STAGES and rule.rule != "keep":
            message = f"a {rule.rule} ends what it governs; only a keep rule can {rule.disposal}"
            yield context.problem(at, "stage-not-keep", message)
        if rule.disposal in STAGES and rule.category not in ended:
            message = f"nothing ends '{rule.category}' once it is {rule.disposal}d: a rule must erase or anonymise it"
            yield context.problem(at, "never-ends", message)


def _clash(context: Context, low: Retention, high: Retention) -> bool:
    """Same rows, and the ceiling may fall before the minimum; different events are compared by length alone."""
    if low.category != high.category:
        return False
    if low.only_kinds and high.only_kinds and not set(low.only_kinds) & set(high.only_kinds):
        return False
    try:
        clocks = Clock.parse(low.clock), Clock.parse(high.clock)
    except ClockError:
        return False  # refused by `words`
    periods = IsoPeriod.parse(low.period), IsoPeriod.parse(high.period)
    if clocks[0].event != clocks[1].event:
        return surely_shorter(*periods)
    year = context.declaration.controller.financial_year
    return ever_earlier((clocks[0], periods[0]), (clocks[1], periods[1]), year)
