"""Numbers told so that none below the minimum group can be found from the others (A15, F3).

A number from 1 up to the group is not told; nor, where its total is told, may it be what is left when the others are
subtracted. So the smallest further ones are withheld with it until what is withheld is at least two numbers and at
least the group together; where that cannot be, the total is withheld.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.outreach.campaigns.models import Campaign
from tillit.outreach.campaigns.queries import Progress, Size, progress

_OUTSIDE = "outside"
ENDED = ("withheld", "failed", "unknown")


@dataclass(frozen=True)
class Told:
    """Numbers that may be told; None: withheld. `whole`: their total."""

    whole: int | None
    parts: dict[str, int | None]


def told(parts: Mapping[str, int], *, least: int, fixed: bool = False) -> Told:
    """The parts and their total. `fixed`: the total is known anyway; then every part may have to be withheld."""
    hidden = {key for key, number in parts.items() if 0 < number < least}
    rest = sorted((number, key) for key, number in parts.items() if number and key not in hidden)
    while hidden and (len(hidden) < 2 or sum(parts[key] for key in hidden) < least):
        if not rest:
            return Told(sum(parts.values()) if fixed else None, _without(parts, hidden))
        hidden.add(rest.pop(0)[1])
    return Told(sum(parts.values()), _without(parts, hidden))


def _without(parts: Mapping[str, int], hidden: Collection[str]) -> dict[str, int | None]:
    return {key: None if key in hidden else number for key, number in parts.items()}


@dataclass(frozen=True)
class Set:
    """A set as it may be told. left_out: reason → number."""

    picked: int | None
    reached: int | None
    outside: int | None
    left_out: dict[str, int | None]
    least: int


def of_size(size: Size) -> Set:
    """A set, told against everybody the activity applies to: how many those are is known from elsewhere."""
    shown = told({**size.left_out, "": size.reached, _OUTSIDE: size.outside}, least=size.few, fixed=True).parts
    outside = shown.pop(_OUTSIDE)
    return Set(
        None if outside is None or 0 < size.picked < size.few else size.picked,
        shown.pop(""),
        outside,
        shown,
        size.few,
    )


@dataclass(frozen=True)
class Course:
    """How a campaign goes, as it may be told. going: what is on its way or went, by state."""

    recipients: int
    settled: int
    waiting: int | None
    states: dict[str, int | None]
    reasons: dict[str, int | None]
    opened: int | None
    clicked: dict[str, int | None]
    left_out: dict[str, int | None]
    least: int


def of_progress(found: Progress, left_out: Mapping[str, int], *, least: int) -> Course:
    """A campaign under way or over. The recipients are known, so what ended otherwise is told against what went."""
    ended = {state: number for state, number in found.states.items() if state in ENDED}
    going = {state: number for state, number in found.states.items() if state not in ENDED}
    if found.waiting:
        going["waiting"] = found.waiting
    few = any(0 < number < least for number in ended.values())
    against = {**ended, **({"": sum(going.values())} if going else {})} if few else {}
    shown = {**ended, **told(against, least=least, fixed=True).parts}
    on = dict.fromkeys(going, None) if shown.get("", 0) is None else going
    over = {state: shown[state] for state in ended}
    hidden = None in over.values()
    reasons = told(found.reasons, least=least, fixed=not hidden).parts
    return Course(
        found.recipients,
        found.settled,
        on.pop("waiting", 0),
        {**on, **over},
        dict(reasons),
        None if 0 < found.opened < least else found.opened,
        {target: None if 0 < number < least else number for target, number in found.clicked.items()},
        dict(told({key: n for key, n in left_out.items() if key != "not-picked"}, least=least).parts),
        least,
    )


def shown(*, campaign: Campaign) -> Course:
    """How the campaign goes now, as staff may see it."""
    least = current(controller_id=campaign.controller_id, on=clock.today()).minimum_group
    return of_progress(progress(campaign=campaign), campaign.left_out, least=least)
