"""Every function is the one that was compiled, by its full signature: none hides behind another's name (H18)."""

from collections.abc import Iterator
from pathlib import Path

from tillit.declaration import enforce, registry
from tillit.kernel.sql import statements
from tillit.platform import database
from tillit.privacy.prove import snapshot


def faults() -> Iterator[str]:
    """Every function that is another one, somebody else's, open to others, missing, or made by nobody of ours."""
    keepers = {
        name: entry.role
        for entry in registry.DEFINERS
        for name in statements(Path(entry.module_file).parent, entry.file)
    }
    present, expected = snapshot.present().functions, snapshot.expected().functions
    for name in sorted({*present, *expected}):
        if name not in present:
            yield f"the function {name} is missing"
        elif name not in expected:
            yield f"the function {name} is not registered"
        else:
            keeper = keepers.get(name.split("(", 1)[0])
            yield from (f"the function {name} {fault}" for fault in _faults(present[name], expected[name], keeper))


def _faults(there: snapshot.Function, made: snapshot.Function, keeper: str | None) -> Iterator[str]:
    if there.owner != (keeper or database.OWNER):
        yield f"is owned by {there.owner}"
    if there.settings != made.settings:
        yield "has another search path or setting"
    elif there.definer != made.definer:
        yield "runs as somebody else"
    elif there.definition != made.definition:
        yield "is another one"
    if keeper and there.callers != (enforce.APP,):
        yield "may be called by others than the application"
