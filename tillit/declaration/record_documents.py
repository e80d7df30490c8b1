"""The record of processing for people (H15): a page that stands alone, and a workbook."""

import io
from dataclasses import fields

import xlsxwriter
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tillit.declaration.record import Entry, Record
from tillit.declaration.statement.texts import text

_STYLE = SafeString(
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:120rem}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #888;padding:.4rem;text-align:left;vertical-align:top}th{background:#eee}"
    "ul{margin:0;padding-left:1.1rem}@media print{body{margin:0;font-size:9px}}"
)
_WIDTHS = {"purpose": 50, "limits": 50, "security": 60, "categories": 35}


def as_html(made: Record, language: str) -> str:
    """The record as one HTML document without scripts or anything fetched; every value escaped."""
    names = [item.name for item in fields(Entry)]
    heads = format_html_join("", '<th scope="col">{}</th>', ((text(language, f"record.{name}"),) for name in names))
    rows = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", _cells(entry, names)),) for entry in made.entries)
    )
    who = [made.organisation_number, *made.contact, *made.privacy_adviser, *made.joint_controllers]
    return format_html(
        '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8"><title>{}</title><style>{}</style></head>'
        "<body><h1>{}</h1><p>{}</p><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></body></html>\n",
        language,
        f"{text(language, 'record.title')}: {made.controller}",
        _STYLE,
        f"{text(language, 'record.title')}: {made.controller}",
        " · ".join([*who, made.effective]),
        heads,
        rows,
    )


def _cells(entry: Entry, names: list[str]) -> list[tuple[SafeString | str]]:
    cells: list[tuple[SafeString | str]] = []
    for name in names:
        value = getattr(entry, name)
        if isinstance(value, str):
            cells.append((value,))
        else:
            cells.append((format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((v,) for v in value))),))
    return cells


def as_xlsx(made: Record, language: str) -> bytes:
    """The record as a workbook: who on the first sheet, an activity a row on the second. Every cell is text, never a
    formula.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        head, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        who = book.add_worksheet(text(language, "record.controller")[:31])
        who.set_column(0, 0, 80)
        lines = [made.controller, made.organisation_number, *made.contact, *made.privacy_adviser]
        for row, line in enumerate([*lines, *made.joint_controllers, made.effective]):
            who.write_string(row, 0, line)
        sheet, names = book.add_worksheet(text(language, "record.activity")[:31]), [f.name for f in fields(Entry)]
        for column, name in enumerate(names):
            sheet.write_string(0, column, text(language, f"record.{name}"), head)
            sheet.set_column(column, column, _WIDTHS.get(name, 24))
            for row, entry in enumerate(made.entries, 1):
                value = getattr(entry, name)
                sheet.write_string(row, column, value if isinstance(value, str) else "\n".join(value), wrapped)
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, len(made.entries), len(names) - 1)
    return target.getvalue()
