"""What two subjects of one person have chosen becomes one, and is parted again (C3).

A merged person is asked by the choices of their own subject. So the alias's choices are carried over as events: a no of
either is a no; a yes counts where the other said nothing. The alias's own events and choices are never touched. When
the merge is undone, the events carried over are answered by events that bring the choices back to what the others say.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import Choice, ConsentEvent, EventKind
from tillit.consent.operations import record
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


def carry_over(*, scope: Scope, subject_id: int, own: int, controllers: Iterable[int], at: datetime) -> int:
    """Carry the choices of the alias over to the person's own subject; how many events it took."""
    every, made = list(controllers), 0
    mine, theirs = _replayed(_events(own, every)), _replayed(_events(subject_id, every))
    with Scope(system("merging", every), "consent_management", frozenset({own})) as inner:
        for where, channels in theirs.items():
            kinds: list[tuple[EventKind, str]] = []
            for channel, one in sorted(channels.items()):
                before = mine.get(where, {}).get(channel, Said())
                if one.consented and where not in mine:
                    kinds.append((EventKind.GIVEN, channel))
                if one.consented is False and before.consented:
                    kinds.append((EventKind.WITHDRAWN, channel))
                if one.objected and not before.objected:
                    kinds.append((EventKind.OBJECTED, channel))
            # What is said for every channel settles the single ones: yeses first, then noes, each after the other.
            for kind, channel in sorted(kinds, key=lambda one: (one[0] is not EventKind.GIVEN, one[1])):
                made += 1
                moment = at + timedelta(microseconds=made)
                wording = _wording(subject_id, where)
                _say(inner, own, where, channel, kind, MERGED, wording, moment, _mark(subject_id))
    return made


def part(*, scope: Scope, subject_id: int, own: int, controllers: Iterable[int], at: datetime) -> int:
    """Bring the choices of the person's own subject back to what was said there; how many events it took."""
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


def _standing(subject: int) -> dict[Where, dict[str, Said]]:
    found: dict[Where, dict[str, Said]] = {}
    for one in Choice.objects.filter(subject_id=subject):
        said = Said(one.consented, one.objected, one.since)
        found.setdefault((one.controller_id, one.activity), {})[one.channel] = said
    return found


def _replayed(events: Iterable[ConsentEvent]) -> dict[Where, dict[str, Said]]:
    """Where the events lead, in the order in which they were noted."""
    found: dict[Where, dict[str, Said]] = {}
    for event in events:
        channels = found.setdefault((event.controller_id, event.activity), {})
        if event.channel not in channels:
            channels[event.channel] = channels.get("", Said(since=event.at))
        for channel in list(channels) if not event.channel else [event.channel]:
            before = channels[channel]
            if event.kind in {EventKind.GIVEN, EventKind.WITHDRAWN}:
                channels[channel] = Said(event.kind == EventKind.GIVEN, before.objected, event.at)
            else:
                channels[channel] = Said(before.consented, event.kind == EventKind.OBJECTED, before.since)
    return found


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
