"""What two subjects of one person have chosen becomes one, and is parted again (C3).

A merged person is asked by the choices of their own subject. So the alias's choices are carried over as events: a no of
either is a no; a yes counts where the other said nothing. The alias's own events and choices are never touched. When
the merge is undone, the events carried over are answered by events that bring the choices back to what the others say.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import Choice, ConsentEvent, EventKind
from tillit.consent.operations import record
from tillit.declaration.queries import holder_of
from tillit.kernel.scope import Scope, system

MERGED, PARTED = "merge", "unmerge"
"""The routes of the events that a merge and its undoing make."""

Where = tuple[int, str]
"""(controller, activity)."""


@dataclass(frozen=True)
class Said:
    """A choice as it stands. consented: None where neither yes nor no was said."""

    consented: bool | None = None
    objected: bool = False
    since: datetime | None = None


Stated = dict[Where, dict[str, Said]]
"""Choices by controller and activity, and by channel ('' = all)."""


def carry_over(*, scope: Scope, subject_id: int, own: int, controllers: Iterable[int], at: datetime) -> int:
    """Carry the choices of the alias over to the person's own subject; how many events it took."""
    every = list(controllers)
    mine, theirs = _replayed(_events(own, every)), _replayed(_events(subject_id, every))
    acts = joined(mine, theirs, {one: holder_of(controller_id=one) for one in every})
    with Scope(system("merging", every), "consent_management", frozenset({own})) as inner:
        for number, (where, kind, channel) in enumerate(acts, 1):
            wording, moment = _wording(subject_id, where), at + timedelta(microseconds=number)
            _say(inner, own, where, channel, kind, MERGED, wording, moment, _mark(subject_id))
    return len(acts)


def joined(mine: Stated, theirs: Stated, holders: Mapping[int, int]) -> list[tuple[Where, EventKind, str]]:
    """The acts after which `mine` says what either says, at every level: a no of either is a no, wherever it was said
    (for a channel or all of them, to a controller or its holder); a yes counts where the other said nothing.

    holders: controller → its holder. Holders come first and all channels before single ones, for what is said there
    settles what comes after.
    """
    before, now = mine, {where: dict(channels) for where, channels in mine.items()}
    levels: dict[str, set[str]] = {}
    for (_, activity), channels in (*mine.items(), *theirs.items()):
        levels.setdefault(activity, {""}).update(channels)
    acts: list[tuple[Where, EventKind, str]] = []
    for controller in sorted(holders, key=lambda one: (holders[one] != one, one)):
        sides = (controller, holders[controller])
        for activity, channel in sorted((one, level) for one, found in levels.items() for level in found):
            where = (controller, activity)
            own, other = _effective(before, sides, activity, channel), _effective(theirs, sides, activity, channel)
            consented, objected = _either(own, other)
            stands = _effective(now, sides, activity, channel) or Said()
            kinds = []
            if bool(stands.consented) != consented and not (consented and objected):  # no yes beside an objection
                kinds.append(EventKind.GIVEN if consented else EventKind.WITHDRAWN)
            if stands.objected != objected:
                kinds.append(EventKind.OBJECTED if objected else EventKind.OBJECTION_LIFTED)
            for kind in kinds:
                acts.append((where, kind, channel))
                _take(now.setdefault(where, {}), channel, kind, None)
    return acts


def _either(own: Said | None, other: Said | None) -> tuple[bool, bool]:
    """(consented, objected) of a person of whom two things were said; None: nothing was."""
    objected = any(one.objected for one in (own, other) if one)
    if own is None:
        return bool(other and other.consented), objected
    return bool(own.consented) and (other is None or other.consented is not False), objected


def _effective(said: Stated, sides: tuple[int, int], activity: str, channel: str) -> Said | None:
    """What holds, as `lawful` asks: the channel's own before the general, the controller's before the holder's; an
    objection to either stands. None where nothing was said.
    """
    found = [said.get((side, activity), {}) for side in dict.fromkeys(sides)]
    standing = [one for channels in found if (one := channels.get(channel) or channels.get(""))]
    return replace(standing[0], objected=any(one.objected for one in standing)) if standing else None


def part(*, scope: Scope, subject_id: int, own: int, controllers: Iterable[int], at: datetime) -> int:
    """Bring the choices of the person's own subject back to what was said there; how many events it took.

    Where a no was carried to a controller that went by its holder's yes, the no stays: nobody said a yes there.
    """
    every, made = list(controllers), 0
    events = _events(own, every)
    mark = _mark(subject_id)
    touched = {(e.controller_id, e.activity) for e in events if e.evidence == mark}
    wanted = _replayed(e for e in events if e.evidence != mark)
    with Scope(system("merging", every), "consent_management", frozenset({own})) as inner:
        for where in sorted(touched):
            for channel in ("", *sorted(set(_standing(own).get(where, {})) - {""})):
                now = _standing(own).get(where, {}).get(channel)
                want = wanted.get(where, {}).get(channel) or wanted.get(where, {}).get("") or Said()
                if now is None:
                    continue
                kinds = []
                if bool(now.consented) != bool(want.consented):
                    kinds.append(EventKind.GIVEN if want.consented else EventKind.WITHDRAWN)
                if now.objected != want.objected:
                    kinds.append(EventKind.OBJECTED if want.objected else EventKind.OBJECTION_LIFTED)
                for kind in kinds:
                    made += 1
                    moment = at + timedelta(microseconds=made)
                    _say(inner, own, where, channel, kind, PARTED, _wording(own, where), moment, mark)
                if want.since is not None:
                    mine = Choice.objects.filter(subject_id=own, controller_id=where[0], activity=where[1])
                    mine.filter(channel=channel).update(since=want.since)
    return made


def _mark(alias: int) -> str:
    return f"merge:{alias}"


def _events(subject: int, controllers: list[int]) -> list[ConsentEvent]:
    with Scope(system("merging", controllers), "consent_proof", frozenset({subject})):
        return list(ConsentEvent.objects.filter(subject_id=subject).order_by("recorded_at", "at", "id"))


def _standing(subject: int) -> Stated:
    found: Stated = {}
    for one in Choice.objects.filter(subject_id=subject):
        said = Said(one.consented, one.objected, one.since)
        found.setdefault((one.controller_id, one.activity), {})[one.channel] = said
    return found


def _replayed(events: Iterable[ConsentEvent]) -> Stated:
    """Where the events lead, in the order in which they were noted."""
    found: Stated = {}
    for event in events:
        channels = found.setdefault((event.controller_id, event.activity), {})
        _take(channels, event.channel, EventKind(event.kind), event.at)
    return found


def _take(channels: dict[str, Said], channel: str, kind: EventKind, at: datetime | None) -> None:
    """What one act makes of the choices by channel."""
    if channel not in channels:
        channels[channel] = channels.get("", Said(since=at))
    for each in list(channels) if not channel else [channel]:
        before = channels[each]
        if kind in {EventKind.GIVEN, EventKind.WITHDRAWN}:
            channels[each] = Said(kind == EventKind.GIVEN, before.objected, at)
        else:
            channels[each] = Said(before.consented, kind == EventKind.OBJECTED, before.since)


def _wording(subject: int, where: Where) -> str:
    """The wording that the subject's latest act was made on."""
    with Scope(system("merging", {where[0]}), "consent_proof", frozenset({subject})):
        mine = ConsentEvent.objects.filter(subject_id=subject, controller_id=where[0], activity=where[1])
        return mine.order_by("-at", "-id").values_list("wording", flat=True).first() or "merge"


def _say(
    scope: Scope,
    own: int,
    where: Where,
    channel: str,
    kind: EventKind,
    route: str,
    wording: str,
    at: datetime,
    evidence: str,
) -> None:
    """One event of a merge; none where the declaration no longer has the choice."""
    with suppress(UnknownChoiceError):
        record(
            scope=scope,
            subject_id=own,
            controller_id=where[0],
            activity=where[1],
            kind=kind,
            route=route,
            wording=wording,
            at=at,
            channel=channel,
            evidence=evidence,
        )
