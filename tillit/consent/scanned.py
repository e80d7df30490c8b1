"""What a browser was seen to store or ask for on a site, held against the declared register (G1, G2).

A scan looks three times: `before` anybody chose, after `reject`, after `accept`. Only what is strictly necessary may be
there before and after a no.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tillit.declaration.schema import Declaration
from tillit.declaration.site_parts import Cookie
from tillit.kernel.iso_period import IsoPeriod

State = Literal["before", "reject", "accept"]
Verdict = Literal["declared", "undeclared", "before_consent", "after_refusal", "too_long"]
STATES: tuple[State, ...] = ("before", "reject", "accept")
_DAY = 86_400


@dataclass(frozen=True)
class Stored:
    """An item in the browser. `storage` as in the register; `seconds`: its life from when it was seen, None for the
    session or without end of its own; `page`: the path where it was first seen. Never its value.
    """

    name: str
    storage: str
    host: str
    page: str
    seconds: int | None = None


@dataclass(frozen=True)
class Asked:
    """A host elsewhere that the browser asked, what for (script, image …), and the path of the first page that did."""

    host: str
    what: str
    page: str


def of_item(declaration: Declaration, item: Stored, *, state: State, on: date) -> Verdict:
    """Whether the item may be there: by name and storage in the register, allowed in this state, no longer lived."""
    known = [one for one in declaration.cookies.items if (one.name, one.storage) == (item.name, item.storage)]
    verdict = _allowed(known, state)
    if verdict != "declared" or item.storage != "cookie" or item.seconds is None:
        return verdict
    longest = max(_seconds(one, on) for one in known)
    return "declared" if item.seconds <= longest else "too_long"


def of_request(declaration: Declaration, asked: Asked, *, state: State, own: Collection[str]) -> Verdict:
    """Whether the host may be asked: one of the controller's `own`, or of a declared item allowed in this state."""
    if asked.host in own:
        return "declared"
    return _allowed([one for one in declaration.cookies.items if asked.host in one.hosts], state)


def _allowed(known: Collection[Cookie], state: State) -> Verdict:
    if not known:
        return "undeclared"
    if state == "accept" or any(one.kind == "necessary" for one in known):
        return "declared"
    return "before_consent" if state == "before" else "after_refusal"


def _seconds(item: Cookie, on: date) -> int:
    """The longest it may live; nothing for what ends with the session."""
    return (IsoPeriod.parse(item.life.period).add_to(on) - on).days * _DAY if item.life.period else 0
