"""Who receives data, who processes it for the controller, and where it goes (GDPR art. 13(1)(e)–(f), A8, H13)."""

from tillit.declaration.schema import Recipient
from tillit.declaration.statement.document import Block, Cell, Facts, Paragraph, Section, Table, link_web
from tillit.declaration.statement.wording import Words


def recipients(words: Words) -> Section:
    """Each recipient with exactly what it may receive, on which ground and when."""
    inner = tuple(_recipient(words, item) for item in words.declaration.recipients)
    blocks: list[Block] = [Paragraph(words("recipients.intro" if inner else "recipients.empty"))]
    blocks.append(Paragraph(words("recipients.minimum_group", number=str(words.declaration.minimum_group))))
    return Section("recipients", words("recipients.title"), tuple(blocks), inner)


def _recipient(words: Words, item: Recipient) -> Section:
    rows: list[tuple[str, Cell]] = [
        (words("recipients.kind"), (words(f"recipients.kinds.{item.kind}"),)),
        (words("recipients.categories"), words.words("categories", item.categories)),
        (words("recipients.fields"), (words.of(item.fields),)),
        *([(words("recipients.only"), words.words("fields", item.only))] if item.only else []),
        (words("recipients.ground"), (words.ground(item.ground),)),
        (words("recipients.when"), (words.of(item.when),)),
        (words("recipients.country"), (words.country(item.country),)),
    ]
    if item.web:
        rows.append((words("recipients.web"), (link_web(item.web),)))
    if item.notices_to:
        rows.append((words("recipients.notices_to"), (item.notices_to,)))
    blocks: list[Block] = [Facts(tuple(rows))]
    if item.only_aggregated:
        blocks.append(Paragraph(words("recipients.only_aggregated")))
    return Section(f"recipient-{item.key}", item.name, tuple(blocks))


def processors(words: Words) -> Section:
    """The register of processors and sub-processors, chains included."""
    declared = words.declaration.processors
    if not declared:
        return Section("processors", words("processors.title"), (Paragraph(words("processors.empty")),))
    head = ("name", "service", "categories", "country", "agreement")
    rows = []
    for item in declared:
        under = (f"{words('processors.under')} {words.party(item.under)}",) if item.under else ()
        held = words.words("categories", item.categories) or (words("processors.none"),)
        carried = words.listing(words.words("channels", item.carries))
        carries = (f"{words('processors.carries')} {carried}",) if item.carries else ()
        rows.append(
            (
                (item.name, *under),
                (words.of(item.service), *carries),
                (words.listing(held),),
                (words.country(item.country),),
                (words.date(item.agreement),),
            )
        )
    table = Table(words("processors.caption"), tuple(words(f"processors.{name}") for name in head), tuple(rows))
    return Section("processors", words("processors.title"), (Paragraph(words("processors.intro")), table))


def transfers(words: Words) -> Section:
    """Transfers outside the EEA with their ground."""
    declared = words.declaration.transfers
    if not declared:
        return Section("transfers", words("transfers.title"), (Paragraph(words("transfers.empty")),))
    head = tuple(words(f"transfers.{name}") for name in ("to", "country", "ground", "explanation"))
    rows = tuple(
        (
            (words.party(item.to),),
            (words.country(item.country),),
            (words(f"transfers.grounds.{item.ground}"),),
            (words.of(item.explanation),),
        )
        for item in declared
    )
    table = Table(words("transfers.caption"), head, rows)
    return Section("transfers", words("transfers.title"), (table,))


def partners(words: Words) -> Section | None:
    """What each partner that pays for its customers sends of them, or None (D1)."""
    if not words.declaration.partners:
        return None
    head = (words("partners.name"), words("partners.sends"))
    rows = tuple(((item.name,), words.words("fields", item.sends)) for item in words.declaration.partners)
    blocks = (Paragraph(words("partners.intro")), Table(words("partners.caption"), head, rows))
    return Section("partners", words("partners.title"), blocks)
