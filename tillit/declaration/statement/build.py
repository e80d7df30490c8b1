"""From a declaration to its documents: the statement and the cookie policy, in one language (A3, G1).

Everything declared stands in one of the two; a test changes every leaf of the schema and sees the text change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tillit.declaration.schema import Declaration
from tillit.declaration.statement.document import Block, Cell, Document, Facts, Paragraph, Section
from tillit.declaration.statement.parts import holding, rights, safety, sharing, web, who
from tillit.declaration.statement.parts.rights import VersionLine, published_on
from tillit.declaration.statement.wording import Words

PLACES = {
    "about": "who",
    "contact": "who",
    "collection": "categories",
    "sharing": "recipients",
    "cookies": "cookies",
    "rights": "rights",
    "children": "children",
    "security": "security",
    "changes": "changes",
    "terms": "programme",
}
"""Topics of notices that belong to a section of their own; the others stand together at the end."""


def statement(
    declaration: Declaration,
    language: str,
    *,
    versions: Sequence[VersionLine] = (),
    number: int | None = None,
    names: Mapping[str, str] | None = None,
    cookies_at: str = "",
) -> Document:
    """The privacy statement. `versions`: the history; `number`: which of them this is (None: a draft).

    `names`: names of other controllers by key, for joint arrangements. `cookies_at`: where the cookie policy
    stands. The declaration is one that `checks.check` accepts; a text missing in `language` raises `KeyError`.
    """
    words = Words(declaration, language, tuple(sorted((names or {}).items())))
    found = [
        who.who(words),
        holding.categories(words),
        holding.activities(words),
        holding.retention(words),
        sharing.recipients(words),
        sharing.processors(words),
        sharing.transfers(words),
        sharing.partners(words),
        web.cookies(words, cookies_at),
        web.sites(words),
        web.statistics(words),
        web.forms(words),
        web.topics(words),
        web.sign_in_providers(words),
        web.sign_in_ways(words),
        web.permissions(words),
        safety.programme(words),
        rights.rights(words),
        rights.children(words),
        rights.recordings(words),
        safety.security(words),
        safety.backup(words),
        safety.breach(words),
        rights.changes(words),
    ]
    sections = _with_notices(words, [section for section in found if section is not None])
    sections.append(rights.history(words, versions))
    lead = (*who.about(words), _standing(words, versions, number))
    return _document(words, "title.statement", lead, sections)


def cookie_policy(declaration: Declaration, language: str, *, names: Mapping[str, str] | None = None) -> Document:
    """The cookie policy: every cookie and other stored item, by the purpose one consents to."""
    words = Words(declaration, language, tuple(sorted((names or {}).items())))
    notices = [Paragraph(words.of(item.text)) for item in declaration.notices if item.topic == "cookies"]
    empty = not declaration.cookies.items
    intro = Paragraph(words("cookies.none" if empty else "cookies.intro"))
    lead: tuple[Block, ...] = (intro, *notices, web.choice(words))
    elsewhere = web.sites(words)
    sections = [*web.cookie_groups(words), *([elsewhere] if elsewhere else [])]
    return _document(words, "title.cookies", lead, sections)


def _document(words: Words, title: str, lead: tuple[Block, ...], sections: list[Section]) -> Document:
    name = words.declaration.controller.name
    return Document(
        title=words(title, name=name),
        language=words.language,
        publisher=name,
        contents=words("title.contents"),
        page=words("print.page"),
        lead=lead,
        sections=tuple(sections),
    )


def _standing(words: Words, versions: Sequence[VersionLine], number: int | None) -> Block:
    line = next((item for item in versions if item.number == number), None)
    if line is None:
        return Paragraph(words("title.draft"))
    rows: tuple[tuple[str, Cell], ...] = (
        (words("about.version"), (str(line.number),)),
        (words("about.published"), (words.date(published_on(words, line)),)),
    )
    return Facts(rows)


def _with_notices(words: Words, sections: list[Section]) -> list[Section]:
    """Each notice under the section of its topic, or in a section of other things to know."""
    present = {section.key for section in sections}
    placed: dict[str, list[Block]] = {}
    other: dict[str, list[Block]] = {}
    for notice in words.declaration.notices:
        home = PLACES.get(notice.topic)
        where = placed.setdefault(home, []) if home in present else other.setdefault(notice.topic, [])
        where.append(Paragraph(words.of(notice.text)))
    result = [replace(section, blocks=(*section.blocks, *placed.get(section.key, ()))) for section in sections]
    if other:
        inner = tuple(
            Section(f"notice-{topic}", words(f"notices.topics.{topic}"), tuple(blocks))
            for topic, blocks in other.items()
        )
        result.append(Section("notices", words("notices.title"), (), inner))
    return result
