"""What differs between two documents: section by section, line by line, word by word within a changed line (A3, A4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from tillit.declaration.statement.document import Block, Bullets, Cell, Document, Facts, Link, Paragraph

Run = tuple[Literal["same", "new", "gone"], str]
"""A stretch of words: in both, only in the newer, only in the older."""

_ALIKE = 0.4


@dataclass(frozen=True)
class SectionChange:
    """The changed lines of one section, each as its runs in reading order."""

    title: str
    changes: tuple[tuple[Run, ...], ...]


def difference(old: Document, new: Document) -> tuple[SectionChange, ...]:
    """What was changed from `old` to `new`, in the order of the newer; empty when they say the same."""
    before, after = _sections(old), _sections(new)
    order = [*after, *(key for key in before if key not in after)]
    found = []
    for key in order:
        title = (after.get(key) or before[key])[0]
        changes = tuple(_lines(before.get(key, ("", []))[1], after.get(key, ("", []))[1]))
        if changes:
            found.append(SectionChange(title, changes))
    return tuple(found)


def _sections(document: Document) -> dict[str, tuple[str, list[str]]]:
    found = {"": (document.title, list(_said(document.lead)))}
    for _, section in document.walk():
        found[section.key] = (section.title, [section.title, *_said(section.blocks)])
    return found


def _said(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block.text
        elif isinstance(block, Bullets):
            yield from (_cell((item,)) for item in block.items)
        elif isinstance(block, Facts):
            yield from (f"{term}: {_cell(cell)}" for term, cell in block.rows)
        else:
            yield from (" · ".join(_cell(cell) for cell in row) for row in block.rows)


def _cell(cell: Cell) -> str:
    return "; ".join(line.text if isinstance(line, Link) else line for line in cell)


def _lines(before: list[str], after: list[str]) -> Iterator[tuple[Run, ...]]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, fresh = before[i1:i2], after[j1:j2]
        for line in fresh:
            twin = max(gone, key=lambda one, line=line: _likeness(one, line), default=None)  # type: ignore[misc]
            if twin is not None and _likeness(twin, line) >= _ALIKE:
                gone.remove(twin)
                yield tuple(_words(twin, line))
            else:
                yield (("new", line),)
        for line in gone:
            yield (("gone", line),)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio()


def _words(before: str, after: str) -> Iterator[Run]:
    old, new = before.split(), after.split()
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", " ".join(new[j1:j2])
            continue
        if i2 > i1:
            yield "gone", " ".join(old[i1:i2])
        if j2 > j1:
            yield "new", " ".join(new[j1:j2])
