"""What a scope may do, said a second time: straight from the published documents and the vocabulary's file.

Shares no code with the compiler (`declaration.enforce`), which it is there to judge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from tests.support.rows import Cell
from tillit.platform import paths

WORDS: dict[str, Any] = yaml.safe_load(
    (paths.root() / "tillit" / "declaration" / "vocabulary.yaml").read_text(encoding="utf-8")
)
NUMBER: dict[str, int] = {key: word["id"] for key, word in WORDS["categories"].items()}
_STAFF: dict[str, set[str]] = {
    key: set(word["staff_under"]) for key, word in WORDS["categories"].items() if "staff_under" in word
}
LIVE, RESTRICTED, ARCHIVED, BOTH = range(4)


@dataclass(frozen=True)
class Known:
    """A controller as the oracle knows it. `register` groups controllers; `holder` holds the register's joint rows."""

    id: int
    register: int
    holder: int
    document: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a scope says: an activity, for controllers, about subjects (None: everybody); whether staff look."""

    activity: str
    controllers: frozenset[int]
    subjects: frozenset[int] | None
    staff: bool = False


def _states(activity: dict[str, Any], key: str) -> set[int]:
    sees = set(WORDS["activities"][key].get("sees", ()))
    if activity.get("reads_archive"):
        sees.add("archived")
    states = {LIVE}
    states |= {RESTRICTED} if "restricted" in sees else set()
    states |= {ARCHIVED} if "archived" in sees else set()
    states |= {BOTH} if {"restricted", "archived"} <= sees else set()
    return states


def _listed(names: Iterable[str], document: dict[str, Any], activity: str, *, disposes: bool) -> set[str]:
    """The categories named; `*` is every declared one that is open to the activity, and for what disposes every one."""
    names = set(names)
    if "*" not in names:
        return names
    if disposes:
        return set(NUMBER)
    closed = {key for key, word in WORDS["categories"].items() if activity not in word.get("open_to", [activity])}
    return {one["key"] for one in document["categories"]} - closed


def closed_to_staff(documents: Iterable[dict[str, Any]]) -> set[str]:
    """Activities that reach a category which staff do not reach under them."""
    return {
        activity["key"]
        for document in documents
        for activity in document["activities"]
        for key, under in _STAFF.items()
        if activity["key"] not in under and {key, "*"} & {*activity["uses"], *activity["records"]}
    }


class Oracle:
    """Answers from the documents which cells a scope reads, writes and deletes."""

    def __init__(self, controllers: Iterable[Known]) -> None:
        self.controllers = {one.id: one for one in controllers}

    def allowed(self, asked: Asked, verb: str) -> set[tuple[int, int, int]]:
        """(row's controller, category number, state) of every cell `verb` reaches; verbs as in SQL, lower case."""
        found: set[tuple[int, int, int]] = set()
        for number in asked.controllers:
            controller = self.controllers[number]
            for activity in controller.document["activities"]:
                if activity["key"] != asked.activity:
                    continue
                disposes = WORDS["activities"][asked.activity].get("disposes", False)
                recorded = _listed(activity["records"], controller.document, asked.activity, disposes=disposes)
                used = _listed(activity["uses"], controller.document, asked.activity, disposes=disposes) | recorded
                of_verb = {
                    "select": used,
                    "insert": used if disposes else recorded,
                    "update": used if disposes else recorded,
                    "delete": used if disposes else set(),
                }[verb]
                if asked.staff:
                    of_verb = of_verb - {key for key, under in _STAFF.items() if asked.activity not in under}
                rows = {controller.id} | ({controller.holder} if asked.subjects is not None else set())
                states = _states(activity, asked.activity)
                found |= {(row, NUMBER[key], state) for row in rows for key in of_verb for state in states}
        return found

    def may(self, asked: Asked, verb: str, cell: Cell) -> bool:
        """Whether `verb` reaches the cell."""
        if asked.subjects is not None and cell.subject not in asked.subjects:
            return False
        return (cell.controller, cell.category, cell.state) in self.allowed(asked, verb)
