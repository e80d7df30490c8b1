"""Who is answerable, how to reach them, and how responsibility is shared (A1, GDPR art. 13(1)(a)–(b), 26)."""

from datetime import date

from babel.dates import format_skeleton

from tillit.declaration.parts import Address, ContactPoint, Officer
from tillit.declaration.statement.document import (
    Block,
    Cell,
    Facts,
    Paragraph,
    Section,
    link_email,
    link_phone,
    link_web,
)
from tillit.declaration.statement.wording import Words


def who(words: Words) -> Section:
    """The controller, its adviser and contact points, and the arrangement."""
    controller = words.declaration.controller
    rows: list[tuple[str, Cell]] = [
        (words("who.name"), (controller.name,)),
        (words("who.organisation_number"), (spaced(controller.organisation_number),)),
        (words("who.visiting_address"), address(words, controller.visiting_address)),
        (words("who.postal_address"), address(words, controller.postal_address)),
        (words("who.phone"), (link_phone(controller.phone),)),
        (words("who.email"), (link_email(controller.email),)),
        (words("who.web"), (link_web(controller.web),)),
    ]
    if controller.responsible:
        rows.append((words("who.responsible"), (words.of(controller.responsible),)))
    rows.append((words("who.privacy_adviser"), _officer(words, controller.privacy_adviser)))
    if controller.delegate:
        rows.append((words("who.delegate"), _officer(words, controller.delegate)))
    rows.append((words("who.currency"), (words.currency(controller.currency),)))
    rows.append((words("who.time_zone"), (controller.time_zone,)))
    rows.append((words("who.financial_year"), (_year_end(words),)))
    inner = [arrangement(words)]
    if controller.contact_points:
        facts = Facts(tuple((words.of(item.title), contact(item)) for item in controller.contact_points))
        inner.append(Section("contact-points", words("who.contact_points"), (facts,)))
    return Section("who", words("who.title"), (Facts(tuple(rows)),), tuple(inner))


def arrangement(words: Words) -> Section:
    """How controllership is arranged: alone, through an operator, jointly, or by department."""
    controller = words.declaration.controller
    how = controller.arrangement
    blocks: list[Block] = [Paragraph(words(f"arrangement.{how.kind}", name=controller.name))]
    if how.division:
        blocks.append(Paragraph(words.of(how.division)))
    rows: list[tuple[str, Cell]] = []
    if how.parties:
        rows.append((words("arrangement.parties"), tuple(words.party(key) for key in how.parties)))
    if how.holder:
        rows.append((words("arrangement.holder"), (words.party(how.holder),)))
    if how.operator:
        rows.append((words("arrangement.operator"), (words.party(how.operator),)))
    if how.directory:
        rows.append((words("arrangement.directory"), (words.party(how.directory),)))
    rows.append((words("arrangement.register"), (how.register_key,)))
    blocks.append(Facts(tuple(rows)))
    if how.also_processor:
        blocks.append(Paragraph(words("arrangement.also_processor")))
    return Section("arrangement", words("arrangement.title"), tuple(blocks))


def about(words: Words) -> tuple[Block, ...]:
    """What stands before the first section: the introduction, and from when it is in force."""
    declaration = words.declaration
    names = [words.language_name(language) for language in declaration.controller.languages]
    rows: list[tuple[str, Cell]] = [
        (words("about.effective"), (words.date(declaration.effective),)),
        (words("about.languages"), (words.listing(names),)),
    ]
    return (Paragraph(words.of(declaration.introduction)), Facts(tuple(rows)), Paragraph(words("about.how")))


def address(words: Words, place: Address) -> Cell:
    """An address as lines, the country last."""
    return (place.street, f"{place.postal_code} {place.city}", words.country(place.country))


def contact(point: ContactPoint) -> Cell:
    """The ways to reach a contact point."""
    ways = (
        link_email(point.email) if point.email else None,
        link_phone(point.phone) if point.phone else None,
        link_web(point.web) if point.web else None,
    )
    return tuple(way for way in ways if way is not None)


def spaced(number: str) -> str:
    """An organisation number in groups of three, kept on one line."""
    return "\u00a0".join(number[i : i + 3] for i in range(0, len(number), 3))


def _officer(words: Words, officer: Officer) -> Cell:
    ways = (
        link_email(officer.email) if officer.email else None,
        link_phone(officer.phone) if officer.phone else None,
    )
    return (words.of(officer.title), *(way for way in ways if way is not None))


def _year_end(words: Words) -> str:
    year = words.declaration.controller.financial_year
    return str(format_skeleton("MMMMd", date(2024, year.end_month, year.end_day), locale=words.locale))
