"""The catalogue as a CSV file, out and in (B3): a row for each benefit and validity; all of it is taken in, or nothing.

What is taken in becomes drafts; the same file again changes nothing. A row that cannot be used is named with its line,
field and reason.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from tillit.benefits import editing
from tillit.benefits.editing import Content
from tillit.benefits.errors import CatalogueError
from tillit.benefits.models import Benefit, Category, Edition, Kind, Supplier, Validity
from tillit.declaration.models import Controller
from tillit.kernel.money import Money, MoneyError

LANGUAGES = ("nb", "en")
COLUMNS = (
    "key",
    "supplier",
    "category",
    "kind",
    *(f"{part}_{language}" for language in LANGUAGES for part in editing.TEXT_PARTS),
    "url",
    "code",
    "member_price",
    "ordinary_price",
    "currency",
    "needs",
    "union",
    "agreement",
    "membership_type",
    "valid_from",
    "valid_to",
)
_RISKY = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Wrong:
    """A row that cannot be used. line: in the file, the heading being 1."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True)
class Taken:
    """What came of a file: benefits whose draft changed, validities that are new or moved, and rows that are wrong."""

    benefits: tuple[str, ...]
    drafts: tuple[str, ...]
    validities: int
    wrong: tuple[Wrong, ...]


def written(*, controllers: Iterable[int]) -> str:
    """The benefits that these controllers' members have, or nobody yet, as the file that `taken_in` reads."""
    mine = set(controllers)
    out = io.StringIO()
    sheet = csv.DictWriter(out, COLUMNS, delimiter=";", lineterminator="\r\n")
    sheet.writeheader()
    for benefit in Benefit.objects.select_related("supplier").order_by("key"):
        edition = benefit.editions.select_related("category").order_by("-number").first()
        if edition is None or not editing.may_see(benefit=benefit, controllers=mine):
            continue
        valid = list(Validity.objects.filter(benefit=benefit).select_related("controller").order_by("id"))
        own = [one for one in valid if one.controller_id in mine]
        places: list[Validity | None] = [*own] or [None]
        for one in places:
            sheet.writerow({name: _safe(value) for name, value in _row(benefit, edition, one).items()})
    return out.getvalue()


def taken_in(*, text: str, controllers: Iterable[Controller], dry: bool = False) -> Taken:
    """Take a file in: suppliers and categories must be there. Nothing is done when a row is wrong, or `dry`.

    controllers: the unions whose members' benefits may be changed. Raises `CatalogueError` `file` when it is none.
    """
    unions = {one.key: one for one in controllers}
    rows = list(_read(text))
    wrong: list[Wrong] = []
    before = {e.pk: (e.number, e.published_at) for e in Edition.objects.all()}
    benefits: dict[str, None] = {}
    validities = 0
    with transaction.atomic():
        for line, row in rows:
            try:
                validities += _take(row, unions, benefits)
            except CatalogueError as refused:
                wrong.append(Wrong(line, refused.code, str(refused)))
        touched = Edition.objects.filter(benefit__key__in=list(benefits), published_at=None)
        drafts = tuple(sorted(e.benefit.key for e in touched.select_related("benefit") if e.pk not in before))
        if wrong or dry:
            transaction.set_rollback(True)
    return Taken(tuple(benefits), drafts, validities, tuple(wrong))


def _read(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    sheet = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";", strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (sheet.fieldnames or ())]
        if missing:
            raise CatalogueError("file", f"the heading lacks {', '.join(missing)}")
        for count, row in enumerate(sheet):
            if count >= MOST_ROWS:
                raise CatalogueError("file", f"a file has at most {MOST_ROWS} rows")
            if any(value is None for value in row.values()) or None in row:
                raise CatalogueError("file", f"line {sheet.line_num} has another number of fields than the heading")
            yield sheet.line_num, {name: _plain(value) for name, value in row.items()}
    except csv.Error as error:
        raise CatalogueError("file", f"line {sheet.line_num}: {error}") from None


def _take(row: dict[str, str], unions: dict[str, Controller], benefits: dict[str, None]) -> int:
    """Write the row's draft and validity; how many validities are new or moved."""
    supplier = Supplier.objects.filter(key=row["supplier"]).first()
    category = Category.objects.filter(key=row["category"]).first()
    for found, name in ((supplier, "supplier"), (category, "category")):
        if found is None:
            raise CatalogueError(name, f"there is no {name} '{row[name]}'")
    assert supplier is not None  # noqa: S101 (refused above)
    assert category is not None  # noqa: S101
    mine = {one.pk for one in unions.values()}
    try:
        draft = editing.write_draft(
            controllers=mine,
            key=row["key"],
            supplier=supplier,
            category=category,
            content=_content(row),
            maker=unions.get(row["union"]),
        )
    except CatalogueError as refused:
        if refused.code != "other-unions":
            raise
        raise CatalogueError("key", str(refused)) from None
    benefits[row["key"]] = None
    if not row["union"]:
        return 0
    if row["union"] not in unions:
        raise CatalogueError("union", f"there is no union '{row['union']}' of yours")
    starts, last = _day(row, "valid_from"), _day(row, "valid_to") if row["valid_to"] else None
    ends = last + timedelta(days=1) if last else None
    where = {
        "benefit": draft.benefit,
        "controller": unions[row["union"]],
        "agreement": row["agreement"],
        "membership_type": row["membership_type"],
        "starts": starts,
    }
    if Validity.objects.filter(**where, ends=ends).exists():
        return 0
    editing.make_valid(controllers=mine, **where, ends=ends)  # type: ignore[arg-type]
    return 1


def _content(row: dict[str, str]) -> Content:
    texts = {
        language: said
        for language in LANGUAGES
        if any((said := {part: row[f"{part}_{language}"] for part in editing.TEXT_PARTS}).values())
    }
    currency = row["currency"] or "NOK"
    return Content(
        kind=row["kind"] or Kind.CARD,
        texts=texts,
        url=row["url"],
        code=row["code"],
        member_price=_price(row, "member_price", currency),
        ordinary_price=_price(row, "ordinary_price", currency),
        currency=currency,
        needs=tuple(row["needs"].split()),
    )


def _price(row: dict[str, str], name: str, currency: str) -> int | None:
    if not row[name]:
        return None
    try:
        return Money.parse(row[name], currency).minor
    except MoneyError as wrong:
        raise CatalogueError(name, str(wrong)) from None


def _day(row: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(row[name])
    except ValueError:
        raise CatalogueError(name, "a day is written 2026-05-04") from None


def _row(benefit: Benefit, edition: Edition, validity: Validity | None) -> dict[str, str]:
    def price(minor: int | None) -> str:
        return "" if minor is None else str(Money(minor, edition.currency).decimal)

    said = {
        f"{part}_{language}": str(edition.texts.get(language, {}).get(part, ""))
        for language in LANGUAGES
        for part in editing.TEXT_PARTS
    }
    row = {
        "key": benefit.key,
        "supplier": benefit.supplier.key,
        "category": edition.category.key,
        "kind": edition.kind,
        **said,
        "url": edition.url,
        "code": edition.code,
        "member_price": price(edition.member_price),
        "ordinary_price": price(edition.ordinary_price),
        "currency": edition.currency,
        "needs": " ".join(edition.needs),
        "union": "",
        "agreement": "",
        "membership_type": "",
        "valid_from": "",
        "valid_to": "",
    }
    if validity is not None:
        row |= {
            "union": validity.controller.key,
            "agreement": validity.agreement,
            "membership_type": validity.membership_type,
            "valid_from": validity.starts.isoformat(),
            "valid_to": (validity.ends - timedelta(days=1)).isoformat() if validity.ends else "",
        }
    return row


def _safe(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_RISKY) else value


def _plain(value: str) -> str:
    """The same back."""
    text = value.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_RISKY) else text
