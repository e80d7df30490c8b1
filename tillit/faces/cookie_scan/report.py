"""What a scan saw, held against the register: as data (JSON) and as a document (text, HTML)."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tillit.consent import cookies as choices
from tillit.consent.scanned import State, Verdict, of_item, of_request
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.document import Block, Cell, Document, Facts, Paragraph, Section, Table
from tillit.faces.cookie_scan.crawl import Seen
from tillit.faces.texts import say
from tillit.kernel import clock


@dataclass(frozen=True)
class Line:
    """One item or request in one state. `storage` is `request` for a request; `seconds` is its life."""

    state: State
    name: str
    storage: str
    host: str
    page: str
    verdict: Verdict
    seconds: int | None = None


@dataclass(frozen=True)
class Report:
    """A scan against version `version` of a controller's declaration."""

    address: str
    controller: str
    name: str
    version: int
    at: datetime
    seen: Sequence[Seen]
    lines: tuple[Line, ...]

    @property
    def faults(self) -> list[Line]:
        """What is undeclared, there without a yes, or lives too long."""
        return [line for line in self.lines if line.verdict != "declared"]

    @property
    def unasked(self) -> list[State]:
        """The states whose question was not found, though there is something to choose."""
        return [one.state for one in self.seen if one.banner is False]

    def plain(self) -> dict[str, Any]:
        """The report as JSON has it (docs/cookies.md)."""
        return {
            "address": self.address,
            "controller": self.controller,
            "version": self.version,
            "at": self.at.isoformat(timespec="seconds"),
            "kept": not self.faults and not self.unasked,
            "states": [
                {
                    "state": one.state,
                    "banner": one.banner,
                    "cut": one.cut,
                    "pages": one.pages,
                    "unread": one.unread,
                    "found": [asdict(line) for line in self.lines if line.state == one.state],
                }
                for one in self.seen
            ],
        }


def compare(
    *,
    address: str,
    declaration: Declaration,
    version: int,
    seen: Sequence[Seen],
    ours: Iterable[str],
    at: datetime,
) -> Report:
    """Hold what was seen against the declaration. `ours`: hosts of this installation, which serves the banner."""
    web = {urlsplit(origin).hostname for origin in choices.origins(declaration)}
    own = {host for host in {*web, *ours, urlsplit(address).hostname} if host}
    lines = []
    for one in seen:
        for item in one.stored.values():
            verdict = of_item(declaration, item, state=one.state, on=clock.local_date(at))
            lines.append(Line(one.state, item.name, item.storage, item.host, item.page, verdict, item.seconds))
        for asked in one.asked.values():
            verdict = of_request(declaration, asked, state=one.state, own=own)
            lines.append(Line(one.state, asked.what, "request", asked.host, asked.page, verdict))
    controller = declaration.controller
    return Report(address, controller.key, controller.name, version, at, seen, tuple(lines))


def document(report: Report, language: str) -> Document:
    """The report for people: the result first, then each state with everything that was found."""

    def words(key: str, **values: Any) -> str:
        return say(language, f"cookie_scan.{key}", **values)

    rows: tuple[tuple[str, Cell], ...] = (
        (words("address"), (report.address,)),
        (words("register"), (words("version", name=report.name, number=report.version),)),
        (words("at"), (f"{report.at:%Y-%m-%d %H:%M} UTC",)),
    )
    wrong = len(report.faults) + len(report.unasked)
    result = words("faults", count=wrong) if wrong else words("kept")
    lead: list[Block] = [Paragraph(result), Facts(rows)]
    lead += [Paragraph(words("unasked", state=words(f"states.{state}"))) for state in report.unasked]
    if report.faults:
        lead.append(_table(words, words("wrong"), report.faults, state=True))
    sections = tuple(_section(words, report, one) for one in report.seen)
    title = words("title", name=report.name)
    return Document(title, language, report.name, words("contents"), words("page"), tuple(lead), sections)


def _section(words: Any, report: Report, seen: Seen) -> Section:
    pages = words("pages", count=len(seen.pages)) + (" " + words("cut") if seen.cut else "")
    blocks: list[Block] = [Paragraph(pages)]
    lines = [line for line in report.lines if line.state == seen.state]
    blocks.append(_table(words, words("found"), lines, state=False) if lines else Paragraph(words("nothing")))
    return Section(f"scan-{seen.state}", words(f"states.{seen.state}"), tuple(blocks))


def _table(words: Any, caption: str, lines: Sequence[Line], *, state: bool) -> Table:
    head = ["name", "storage", "host", "where", "verdict"]
    rows = []
    for line in lines:
        cells: list[Cell] = [(line.name,), (words(f"storages.{line.storage}"),), (line.host,), (line.page,)]
        cells.append((words(f"verdicts.{line.verdict}"),))
        rows.append((*cells, *([(words(f"states.{line.state}"),)] if state else [])))
    names = [*head, *(["state"] if state else [])]
    return Table(caption, tuple(words(name) for name in names), tuple(rows))
