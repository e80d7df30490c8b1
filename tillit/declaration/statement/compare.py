"""The comparison of two versions as a document: what changed, before and after, material or not, and why (A3, A4)."""

from collections.abc import Sequence

from tillit.declaration.difference import Change
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.document import Block, Cell, Document, Paragraph, Section, Table
from tillit.declaration.statement.values import lines
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import vocabulary


def comparison(
    old: Declaration, new: Declaration, changes: Sequence[Change], language: str, *, numbers: tuple[str, str]
) -> Document:
    """The document that shows `changes`, as `difference.diff(old, new)` gives them, in `language`.

    `numbers`: what the two are called. A text that changed in several languages is shown in this one.
    """
    before, after = Words(old, language), Words(new, language)
    seen = _in_language(changes, after)
    told = [change for change in seen if change.material]
    other = [change for change in seen if not change.material]
    intro = after("difference.intro", old=numbers[0], new=numbers[1])
    lead: list[Block] = [Paragraph(intro)]
    if not changes:
        lead.append(Paragraph(after("difference.none")))
    sections = [_section(before, after, name, group) for name, group in (("material", told), ("other", other)) if group]
    return Document(
        title=after("title.difference", name=new.controller.name),
        language=language,
        publisher=new.controller.name,
        contents=after("title.contents"),
        page=after("print.page"),
        lead=tuple(lead),
        sections=tuple(sections),
    )


def _in_language(changes: Sequence[Change], words: Words) -> list[Change]:
    """The changes without those of a text in another language that changed in this one too."""
    own = {change.steps[:-1] for change in changes if change.steps[-1] == words.language}
    others = set(words.declaration.controller.languages) - {words.language}
    return [change for change in changes if not (change.steps[-1] in others and change.steps[:-1] in own)]


def _section(before: Words, after: Words, name: str, changes: Sequence[Change]) -> Section:
    parts = list(dict.fromkeys(change.steps[0] for change in changes))
    head = tuple(after(f"difference.{column}") for column in ("where", "before", "after", "why"))
    inner = []
    for part in parts:
        title = after.label(part)
        rows = tuple(_row(before, after, change) for change in changes if change.steps[0] == part)
        table = Table(after("difference.caption", part=title), head, rows)
        inner.append(Section(f"{name}-{part}", title, (table,)))
    intro = Paragraph(after(f"difference.{name}_intro"))
    return Section(name, after(f"difference.{name}_title"), (intro,), tuple(inner))


def _row(before: Words, after: Words, change: Change) -> tuple[Cell, ...]:
    reason = after(f"difference.because.{change.because}")
    nothing = (after("difference.nothing"),)
    return (
        (where(after, change),),
        tuple(lines(before, change.place, change.before)) or nothing,
        tuple(lines(after, change.place, change.after)) or nothing,
        (after("difference.material" if change.material else "difference.not_material", reason=reason),),
    )


def where(words: Words, change: Change) -> str:
    """The place of a change in words: `Slettefrister › Kjøp og kvitteringer › Frist`."""
    said = []
    for depth, step in enumerate(change.steps):
        if step in words.declaration.controller.languages:
            said.append(words.language_name(step))
        elif change.place[depth] == "*":
            said.append(_item(words, change.steps[:depth], step))
        else:
            said.append(words.label(step))
    return " › ".join(said)


def _item(words: Words, above: tuple[str, ...], name: str) -> str:
    match above[-1]:
        case "categories" | "activities" as kind if name.rstrip("'") in getattr(vocabulary(), kind):
            return words.word(kind, name.rstrip("'"))
        case "basis":
            return words.word("grounds", name.rstrip("'"))
        case "recipients" | "processors":
            return words.party(name)
        case _:
            return _declared(words, above[-1], name)


def _declared(words: Words, part: str, name: str) -> str:
    """The item's own name in words where it has one; its key otherwise."""
    items = {item.key: item for item in getattr(words.declaration, part, ()) if hasattr(item, "key")}
    found = items.get(name)
    category = getattr(found, "category", None)
    if category is not None:
        return f"{words.word('categories', category)} ({name})"
    return name
