"""Whether a declaration may be published: every fault with its file and line (A2).

`check` reads the declaration alone and beside its siblings; `check_against_system` asks the registry whether the
running system can keep what is promised.
"""

from collections.abc import Sequence
from pathlib import Path

from tillit.declaration.checking import (
    abroad,
    bases,
    cookies,
    keeping,
    languages,
    limits,
    minimising,
    parties,
    reach,
    references,
    remembering,
    system,
    words,
)
from tillit.declaration.checking.context import Context
from tillit.declaration.checking.system import System
from tillit.declaration.errors import DeclarationRefusedError, Problem
from tillit.declaration.loader import Source, load
from tillit.declaration.schema import Declaration

RULES = (words, references, bases, languages, keeping, abroad, cookies, limits, minimising, parties, remembering)
ADVICE = (languages, cookies, minimising)


def check(declaration: Declaration, source: Source, *, siblings: Sequence[Declaration] = ()) -> list[Problem]:
    """Every fault that refuses the declaration, in file order; empty when it may be published.

    `siblings`: the other controllers of the installation (empty: only the declaration itself is judged).
    """
    context = Context(declaration, source, siblings)
    if unreachable := list(reach.problems(context)):
        return _ordered(unreachable)
    return _ordered([problem for rule in RULES for problem in rule.problems(context)])


def notices(declaration: Declaration, source: Source, *, siblings: Sequence[Declaration] = ()) -> list[Problem]:
    """What is odd but not wrong, in file order."""
    context = Context(declaration, source, siblings)
    return _ordered([problem for rule in ADVICE for problem in rule.notices(context)])


def check_against_system(declaration: Declaration, source: Source, *, running: System | None = None) -> list[Problem]:
    """What the running system (or the one given) cannot keep, or holds undeclared: table and clock by name, in file
    order. The registry must be loaded.
    """
    return _ordered(list(system.problems(Context(declaration, source), running or System.running())))


def system_notices(declaration: Declaration, source: Source, *, running: System | None = None) -> list[Problem]:
    """What the running system does not hold yet, or does otherwise without breaking the promise."""
    return _ordered(list(system.notices(Context(declaration, source), running or System.running())))


def load_checked(path: Path, *, siblings: Sequence[Declaration] = ()) -> tuple[Declaration, Source]:
    """The declaration in `path`, free of faults; raises `DeclarationRefusedError` with every fault."""
    declaration, source = load(path)
    faults = check(declaration, source, siblings=siblings)
    if faults:
        raise DeclarationRefusedError(faults)
    return declaration, source


def siblings(path: Path) -> list[Declaration]:
    """The other controllers' declarations in the folder of `path`.

    Files that start with `_` are shared bases; a file that is no declaration, or a faulty one, is passed over: it is
    refused when it is checked itself.
    """
    found = []
    for other in sorted(path.parent.glob("[!_]*.yaml")):
        if other.name == path.name:
            continue
        try:
            found.append(load(other)[0])
        except DeclarationRefusedError:
            continue
    return found


def _ordered(problems: list[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda item: (item.file, item.line, item.code, item.message))
