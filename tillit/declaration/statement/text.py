"""A document as plain text: headings underlined, 80 columns, one line a fact, one block a table row."""

import textwrap
from collections.abc import Iterator

from tillit.declaration.statement.document import Block, Bullets, Cell, Document, Facts, Inline, Link, Paragraph

WIDTH = 80
_UNDERLINES = "=-~"


def render_text(document: Document) -> str:
    """The whole document as text ending in one line break."""
    lines = [*_heading(document.title, 0), *_blocks(document.lead)]
    for level, section in document.walk():
        lines += ["", *_heading(section.title, level), *_blocks(section.blocks)]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def _heading(title: str, level: int) -> list[str]:
    mark = _UNDERLINES[min(level, len(_UNDERLINES) - 1)]
    return [title, mark * min(len(title), WIDTH), ""]


def _blocks(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from _wrap(block.text)
        elif isinstance(block, Bullets):
            for item in block.items:
                yield from _wrap(_inline(item), "- ", "  ")
        elif isinstance(block, Facts):
            for term, cell in block.rows:
                yield from _fact(term, cell)
        else:
            yield block.caption
            for row in block.rows:
                yield ""
                for term, cell in zip(block.head, row, strict=True):
                    yield from _fact(term, cell)
        yield ""


def _fact(term: str, cell: Cell) -> Iterator[str]:
    said = "; ".join(_inline(line) for line in cell)
    yield from _wrap(f"{term}: {said}", after="    ")


def _wrap(text: str, before: str = "", after: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=before,
        subsequent_indent=after,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _inline(part: Inline) -> str:
    return part.text if isinstance(part, Link) else part
