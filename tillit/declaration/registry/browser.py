"""What our own pages keep in a browser beside cookies, registered by the face that keeps it (G1): each under the name
that the scan finds it by, with `{key}` for the controller's key. A declaration under which it is kept must list it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tillit.declaration.schema import Declaration

Storage = Literal["local", "session", "indexed", "cache", "worker"]


@dataclass(frozen=True)
class BrowserItem:
    """One item. where: whether it is kept under a declaration."""

    name: str
    storage: Storage
    where: Callable[["Declaration"], bool]


BROWSER_ITEMS: list[BrowserItem] = []


def browser_item(name: str, storage: Storage, *, where: Callable[["Declaration"], bool]) -> None:
    """Register an item."""
    if (name, storage) not in {(one.name, one.storage) for one in BROWSER_ITEMS}:
        BROWSER_ITEMS.append(BrowserItem(name, storage, where))
