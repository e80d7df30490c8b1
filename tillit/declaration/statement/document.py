"""The document model every form of a statement is rendered from: sections, paragraphs, lists, facts and tables.

Text is plain: no markup is read from a declaration. A `Link` is the only thing beside text, and its address is made
here from an e-mail address, a phone number or an http(s) address.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any


@dataclass(frozen=True)
class Link:
    """A text that leads somewhere. `external`: another site, where other terms apply (G4)."""

    text: str
    href: str
    external: bool = False


Inline = str | Link
Cell = tuple[Inline, ...]
"""The lines of one table cell or one fact."""


@dataclass(frozen=True)
class Paragraph:
    """One paragraph."""

    text: str
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: tuple[Inline, ...]
    kind: str = field(default="bullets", init=False)


@dataclass(frozen=True)
class Facts:
    """Terms and what they are: (term, lines)."""

    rows: tuple[tuple[str, Cell], ...]
    kind: str = field(default="facts", init=False)


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of each row names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str = field(default="table", init=False)


Block = Paragraph | Bullets | Facts | Table


@dataclass(frozen=True)
class Section:
    """A heading, what stands under it, and its subsections. `key` is the anchor, unique in the document."""

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole text in one language. `lead` stands before the first section; `publisher` is the controller's name."""

    title: str
    language: str
    publisher: str
    contents: str
    page: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]

    def walk(self) -> Iterator[tuple[int, Section]]:
        """Every section with its depth (1 for the top ones), in reading order."""
        for section in self.sections:
            yield from _walk(section, 1)

    def plain(self) -> dict[str, Any]:
        """The document as data for other renderers (typst): dicts, lists and texts only."""
        return {
            "title": self.title,
            "language": self.language,
            "publisher": self.publisher,
            "contents": self.contents,
            "page": self.page,
            "lead": [_plain(block) for block in self.lead],
            "sections": [
                {"level": level, "title": section.title, "blocks": [_plain(block) for block in section.blocks]}
                for level, section in self.walk()
            ],
        }


def _walk(section: Section, level: int) -> Iterator[tuple[int, Section]]:
    yield level, section
    for inner in section.sections:
        yield from _walk(inner, level + 1)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value


def link_web(address: str) -> Link:
    """A web address as a link to another site."""
    href = address if address.startswith(("http://", "https://")) else f"https://{address}"
    return Link(address, href, external=True)


def link_email(address: str) -> Link:
    """An e-mail address as a link."""
    return Link(address, f"mailto:{address}")


def link_phone(number: str) -> Link:
    """A phone number as a link."""
    return Link(number, "tel:" + "".join(sign for sign in number if sign.isdigit() or sign == "+"))
