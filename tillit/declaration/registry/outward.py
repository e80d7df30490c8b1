"""The ways out of the installation."""

from dataclasses import dataclass

from tillit.declaration.errors import UnregisteredTableError


@dataclass(frozen=True)
class OutwardWay:
    """A way out of the installation. opens: the modules of ours that open it (dotted); carries: the channel whose
    messages run through it, '' when it carries no message; through: what leaves and why, in a sentence.
    """

    key: str
    opens: tuple[str, ...]
    through: str
    carries: str = ""


OUTWARD: dict[str, OutwardWay] = {}


def outward_way(key: str, *, opens: tuple[str, ...], through: str, carries: str = "") -> None:
    """Register a way out. No connection leaves the process by any other (A8, H13)."""
    made = OutwardWay(key, opens, through, carries)
    if OUTWARD.setdefault(key, made) != made:
        raise UnregisteredTableError("outward-twice", f"the way out '{key}' is registered twice, differently")
