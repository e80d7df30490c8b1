"""What is held, why, and until when (GDPR art. 13(1)(c)–(d), 13(2)(a), 14(1)(d))."""

from tillit.declaration.schema import Activity, LegalBasis, Retention
from tillit.declaration.statement.document import Block, Cell, Facts, Paragraph, Section, Table
from tillit.declaration.statement.wording import Words, sentence


def categories(words: Words) -> Section:
    """The categories of data, whether they must be given, and what they are."""
    rows = []
    for item in words.declaration.categories:
        must = words("categories.mandatory_yes" if item.mandatory else "categories.mandatory_no")
        what: Cell = (words.of(item.fields), *((words.of(item.note),) if item.note else ()))
        rows.append(((words.word("categories", item.key),), what, (must,)))
    head = (words("categories.category"), words("categories.fields"), words("categories.mandatory"))
    table = Table(words("categories.caption"), head, tuple(rows))
    return Section("categories", words("categories.title"), (Paragraph(words("categories.intro")), table))


def activities(words: Words) -> Section:
    """Every purpose with its ground, data, sources, recipients and time limits."""
    inner = tuple(_activity(words, item) for item in words.declaration.activities)
    said = [Paragraph(words("activities.intro"))]
    if not words.declaration.first_contact_on_interest:
        said.append(Paragraph(words("activities.interest_unused")))
    return Section("activities", words("activities.title"), tuple(said), inner)


def _activity(words: Words, item: Activity) -> Section:
    rows: list[tuple[str, Cell]] = [
        (words("activities.purpose"), (sentence(words.of(item.purpose)),)),
        (words("activities.applies_to"), (words.either(words.words("relationships", item.applies_to)),)),
    ]
    rows += [(words("activities.basis"), _basis(words, basis)) for basis in item.basis]
    held = {**dict.fromkeys(item.uses), **dict.fromkeys(item.records)}
    rows.append((words("activities.uses"), words.words("categories", item.uses) or (words("activities.none"),)))
    if item.records:
        rows.append((words("activities.records"), words.words("categories", item.records)))
    if item.sources:
        rows.append((words("activities.sources"), words.words("sources", item.sources)))
    if item.recipients:
        rows.append((words("activities.recipients"), tuple(words.party(key) for key in item.recipients)))
    if item.channels:
        rows.append((words("activities.channels"), words.words("channels", item.channels)))
    if item.channels or not item.first_contact:
        first = "first_contact_yes" if item.first_contact else "first_contact_no"
        rows.append((words("activities.first_contact"), (words(f"activities.{first}"),)))
    if item.at_most_every:
        rows.append((words("activities.at_most_every"), (words.period(item.at_most_every),)))
    if item.requires_account:
        rows.append((words("activities.requires_account"), (words("value.yes"),)))
    if item.reads_archive:
        rows.append((words("activities.reads_archive"), (words("value.yes"),)))
    limits = [rule for rule in words.declaration.retention if rule.activity == item.key]
    if held and limits:
        said = tuple(f"{words.word('categories', rule.category)}: {words.retention(rule)}" for rule in limits)
        rows.append((words("activities.retention"), said))
    if item.note:
        rows.append((words("activities.note"), (words.of(item.note),)))
    return Section(f"activity-{item.key}", words.word("activities", item.key), (Facts(tuple(rows)),))


def _basis(words: Words, basis: LegalBasis) -> Cell:
    ground = words.ground(basis.ground)
    lines = [ground]
    if basis.law:
        lines.append(f"{words('activities.law')}: {basis.law}")
    if basis.interest:
        lines.append(f"{words('activities.interest')}: {words.of(basis.interest)}")
    if basis.balancing:
        lines.append(f"{words('activities.balancing')}: {words.of(basis.balancing)}")
    return tuple(lines)


def retention(words: Words) -> Section:
    """Every time limit, in the order of the categories, and what postpones or follows it."""
    order = {item.key: n for n, item in enumerate(words.declaration.categories)}
    rules = sorted(words.declaration.retention, key=lambda rule: order.get(rule.category, len(order)))
    head = tuple(words(f"retention.{name}") for name in ("category", "when", "activity", "ground"))
    table = Table(words("retention.caption"), head, tuple(_limit(words, rule) for rule in rules))
    inner = [section for section in (_archives(words), _holds(words)) if section is not None]
    return Section("retention", words("retention.title"), (Paragraph(words("retention.intro")), table), tuple(inner))


def _limit(words: Words, rule: Retention) -> tuple[Cell, ...]:
    return (
        (words.word("categories", rule.category),),
        (sentence(words.retention(rule)),),
        (words.word("activities", rule.activity),),
        (words.of(rule.ground),),
    )


def _archives(words: Words) -> Section | None:
    if not words.declaration.archives:
        return None
    blocks: list[Block] = [Paragraph(words("archives.intro"))]
    for item in words.declaration.archives:
        rows: tuple[tuple[str, Cell], ...] = (
            (words("archives.purpose"), (words.of(item.purpose),)),
            (words("archives.categories"), words.words("categories", item.categories)),
            (words("archives.enters"), (sentence(words.archived(item)),)),
            (words("archives.readers"), words.words("activities", item.readers)),
        )
        blocks.append(Facts(rows))
    return Section("archives", words("archives.title"), tuple(blocks))


def _holds(words: Words) -> Section | None:
    if not words.declaration.holds:
        return None
    blocks: list[Block] = [Paragraph(words("holds.intro"))]
    for item in words.declaration.holds:
        rows: tuple[tuple[str, Cell], ...] = (
            (words("holds.ground"), (words.of(item.ground),)),
            (words("holds.categories"), words.words("categories", item.categories)),
            (words("holds.activity"), (words.word("activities", item.activity),)),
            (words("holds.until"), (words.word("clock_events", item.until),)),
        )
        blocks.append(Facts(rows))
    return Section("holds", words("holds.title"), tuple(blocks))
