"""The rights and how to use them, children, recordings, changes and versions (GDPR art. 13(2), A4, H1–H9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tillit.declaration.statement.document import (
    Block,
    Bullets,
    Cell,
    Facts,
    Inline,
    Link,
    Paragraph,
    Section,
    Table,
    link_web,
)
from tillit.declaration.statement.parts.who import contact
from tillit.declaration.statement.wording import Words
from tillit.kernel import clock

RIGHTS = ("access", "rectification", "erasure", "restriction", "objection", "portability", "withdrawal")


@dataclass(frozen=True)
class VersionLine:
    """One published version as the history shows it; `href` leads to its text."""

    number: int
    published: datetime
    effective: date
    material: bool
    href: str = ""


def published_on(words: Words, line: VersionLine) -> date:
    """The day a version was published, where the controller is."""
    return clock.local_date(line.published, words.declaration.controller.time_zone)


def rights(words: Words) -> Section:
    """What one may ask for, where, how, how fast, and where to complain."""
    declared = words.declaration.rights
    rows: list[tuple[str, Cell]] = [
        (words("rights.contact"), _contact(words)),
        (words("rights.routes"), tuple(words(f"rights.route.{route}") for route in declared.routes)),
        (words("rights.answer_within"), (words.period(declared.answer_within),)),
        (words("rights.objection_decided_by"), (words.of(declared.objection_decided_by),)),
    ]
    if declared.erasure_warning:
        rows.append((words("rights.erasure_warning"), (words.of(declared.erasure_warning),)))
    if declared.withheld_in_access:
        rows.append((words("rights.withheld_in_access"), (words.of(declared.withheld_in_access),)))
    blocks: tuple[Block, ...] = (
        Paragraph(words("rights.intro")),
        Bullets(tuple(words(f"rights.list.{right}") for right in RIGHTS)),
        Facts(tuple(rows)),
        Paragraph(words("rights.answer_text")),
    )
    return Section("rights", words("rights.title"), blocks, (_complaint(words),))


def _contact(words: Words) -> Cell:
    controller = words.declaration.controller
    key = words.declaration.rights.contact
    for point in controller.contact_points:
        if point.key == key:
            return (words.of(point.title), *contact(point))
    officer = controller.delegate if key == "delegate" and controller.delegate else controller.privacy_adviser
    return (words.of(officer.title), *(way for way in (officer.email, officer.phone) if way))


def _complaint(words: Words) -> Section:
    declared = words.declaration.rights
    rows: list[tuple[str, Cell]] = [
        (words("rights.complaint_first"), (words.of(declared.complaint_first),)),
        (words("rights.authority"), (declared.authority,)),
        (words("rights.authority_address"), (declared.authority_address,)),
        (words("rights.authority_web"), (link_web(declared.authority_web),)),
    ]
    if declared.other_authorities:
        rows.append((words("rights.other_authorities"), (words.of(declared.other_authorities),)))
    return Section("complaint", words("rights.complaint"), (Facts(tuple(rows)),))


def children(words: Words) -> Section:
    """Who may join, and from which age a child consents."""
    declared = words.declaration.children
    rows: tuple[tuple[str, Cell], ...] = (
        (words("children.minimum_age"), (words("children.years", number=str(declared.minimum_age)),)),
        (words("children.consent_age"), (words("children.years", number=str(declared.consent_age)),)),
    )
    return Section("children", words("children.title"), (Paragraph(words.of(declared.text)), Facts(rows)))


def recordings(words: Words) -> Section | None:
    """What is recorded and for how long, or None."""
    if not words.declaration.recordings:
        return None
    rules = {rule.key: rule for rule in words.declaration.retention}
    head = tuple(words(f"recordings.{name}") for name in ("what", "category", "kept", "rule"))
    rows = tuple(
        (
            (words.of(item.what),),
            (words.word("categories", item.category),),
            (words.period(item.kept),),
            (words.retention(rules[item.retention]),),
        )
        for item in words.declaration.recordings
    )
    return Section("recordings", words("recordings.title"), (Table(words("recordings.caption"), head, rows),))


def changes(words: Words) -> Section:
    """How changes are announced and accepted."""
    declared = words.declaration.changes
    rows: tuple[tuple[str, Cell], ...] = (
        (words("changes.acceptance"), (words(f"changes.acceptances.{declared.acceptance}"),)),
        (words("changes.notice"), (words.period(declared.notice),)),
        (words("changes.material_by"), tuple(words(f"changes.ways.{way}") for way in declared.material_by)),
    )
    if declared.waits:
        rows += ((words("changes.waits"), words.words("activities", declared.waits)),)
    if declared.four_eyes:
        rows += ((words("changes.four_eyes"), (words("changes.four_eyes_text"),)),)
    blocks = (Paragraph(words.of(declared.text)), Facts(rows), Paragraph(words("changes.leave")))
    return Section("changes", words("changes.title"), blocks)


def history(words: Words, lines: Sequence[VersionLine]) -> Section:
    """Every published version, newest first."""
    if not lines:
        return Section("versions", words("versions.title"), (Paragraph(words("versions.none")),))
    head = tuple(words(f"versions.{name}") for name in ("number", "published", "effective", "material"))
    rows = []
    for line in sorted(lines, key=lambda item: -item.number):
        number: Inline = Link(str(line.number), line.href) if line.href else str(line.number)
        rows.append(
            (
                (number,),
                (words.date(published_on(words, line)),),
                (words.date(line.effective),),
                (words.yes(line.material),),
            )
        )
    table = Table(words("versions.caption"), head, tuple(rows))
    return Section("versions", words("versions.title"), (Paragraph(words("versions.intro")), table))
