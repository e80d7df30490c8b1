"""Registered SQL: functions of definer roles and of callers, what a restore runs, clocks that no column carries."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tillit.kernel.scope import guard
from tillit.kernel.sql import statements


@dataclass(frozen=True)
class Definer:
    """A file of security-definer functions owned by a NOLOGIN role; the app may execute and no more.

    reads: tables that the role may select from, besides those it writes.
    """

    role: str
    module_file: str
    file: str
    reads: tuple[str, ...] = ()


DEFINERS: list[Definer] = []


def definer(role: str, module_file: str, file: str, *, reads: tuple[str, ...] = ()) -> None:
    """Register `sql/<file>.sql` beside `module_file` (pass `__file__`): each statement makes the function it names."""
    entry = Definer(role, module_file, file, reads)
    if entry not in DEFINERS:
        DEFINERS.append(entry)


@dataclass(frozen=True)
class Routines:
    """A file of functions that run with the caller's rights, under row security like any of the caller's statements."""

    module_file: str
    file: str


ROUTINES: list[Routines] = []


def routines(
    module_file: str, file: str, *, reaches: Mapping[str, Mapping[str, tuple[int, ...]]] | None = None
) -> None:
    """Register `sql/<file>.sql` beside `module_file`: functions that keep the plans of what is called often.

    reaches: function → personal table → the rights it uses there (1 read, 2 write, 4 delete). Outside a scope such a
    function is refused as its tables are, and a scope looks its rights up before it calls it.
    """
    entry = Routines(module_file, file)
    if entry not in ROUTINES:
        ROUTINES.append(entry)
    for name in statements(Path(module_file).parent, file):
        if tables := (reaches or {}).get(name):
            guard.cover(name, dict(tables))


AFTER_RESTORE: list[tuple[str, str, str]] = []


def after_restore(module_file: str, file: str, name: str) -> None:
    """Register a named statement that sets aside what a dump holds of work that was under way: it was done long ago,
    or must not be done again. A restore runs it before anything may read (parameter: now).
    """
    if (module_file, file, name) not in AFTER_RESTORE:
        AFTER_RESTORE.append((module_file, file, name))


ARCHIVE_WAITS: dict[str, str] = {}


def archive_waits(category: str, condition: str) -> None:
    """Register what must be finished before a person is archived: `condition` says of a row of theirs, `t`, that it is
    not (a constant of ours; parameter: on, the day). Asked where the declaration knows the category.
    """
    ARCHIVE_WAITS[category] = condition


@dataclass(frozen=True)
class DerivedClock:
    """A clock no column carries: a named statement giving (subject_id, day), `infinity` while it has not started.

    Of several days of one person the latest counts. A person it does not list is one the rule's activity does not
    concern: lapsed. Parameters it may use: controller, holders, applies_to (asked for all kinds or one at a time),
    activity, zone.
    """

    module_file: str
    file: str
    name: str


DERIVED_CLOCKS: dict[str, DerivedClock] = {}
DIGEST_KINDS: dict[int, str] = {}


def derived_clock(event: str, module_file: str, file: str, name: str) -> None:
    """Register the statement that answers for a clock event in every table."""
    DERIVED_CLOCKS[event] = DerivedClock(module_file, file, name)


def digest_kind(kind: int, category: str) -> None:
    """Say which category a directory kind identifies by: its digests go when the person's last such row goes."""
    DIGEST_KINDS[kind] = category


@dataclass(frozen=True)
class DomainCheck:
    """A check of the running system that a domain knows and `prove` runs, without knowing the domain.

    promised: a declaration → the path of what it promises, '' where it does not. The named statement gives rows (fault
    or '', name, number): a number above 0 of a fault is broken, of '' it is evidence. Parameters: controller, holders
    (it, and who holds its people jointly), on, now.
    trial: where looking is not enough, what tries it instead: (controller, on) → what is at fault.
    """

    key: str
    module_file: str
    file: str
    name: str
    promised: Callable[[Any], str]
    trial: Callable[[int, date], Iterable[str]] | None = None


DOMAIN_CHECKS: dict[str, DomainCheck] = {}


def domain_check(key: str, module_file: str, file: str, name: str, *, promised: Callable[[Any], str]) -> None:
    """Register a check; its sentence is `key` in `privacy/prove/texts.yaml`."""
    DOMAIN_CHECKS[key] = DomainCheck(key, module_file, file, name, promised)


def domain_trial(key: str, *, trial: Callable[[int, date], Iterable[str]], promised: Callable[[Any], str]) -> None:
    """The same for what is tried, not looked up."""
    DOMAIN_CHECKS[key] = DomainCheck(key, "", "", "", promised, trial)
