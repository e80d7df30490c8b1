"""The answer to an access request as files: one JSON, a CSV a table, a PDF to read; together in a ZIP (H1, H6).

Spreadsheets run what looks like a formula, so text in the CSVs that begins with = + - @, a tab or a line break is
preceded by an apostrophe; the JSON holds the value as it is. In the PDF, characters that cannot be seen (controls,
marks of direction) or that no font at hand has are written as `<U+202E>`, and a long text is cut: the data files hold
it all.
"""

import csv
import io
import json
import re
import unicodedata
import zipfile
from datetime import datetime
from typing import Any

from tillit.declaration.statement.document import Block, Bullets, Document, Facts, Paragraph, Section, Table
from tillit.declaration.statement.pdf import TypesettingError, render_pdf
from tillit.kernel.csv_text import inert
from tillit.privacy.texts import wording

_SHOWN = 200
_LONGEST = 2000
_LATIN = re.compile(r"[^\x20-\x7e\xa0-\u024f\u2010-\u2027\u20ac\u2212]")


def as_json(answer: dict[str, Any]) -> bytes:
    """The whole answer, UTF-8, indented."""
    return json.dumps(answer, ensure_ascii=False, indent=1).encode()


def as_csvs(answer: dict[str, Any]) -> dict[str, bytes]:
    """File name → CSV (UTF-8 with byte order mark, semicolons) for each controller, category and table."""
    files: dict[str, bytes] = {}
    for number, part in enumerate(answer["data"], 1):
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";")
        writer.writerow(part["rows"][0])
        writer.writerows([_cell(value) for value in row.values()] for row in part["rows"])
        files[f"{number:02d}-{part['category']}-{part['table']}.csv"] = text.getvalue().encode("utf-8-sig")
    return files


def _cell(value: Any) -> str:
    text = "" if value is None else json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    return inert(text)


def as_document(answer: dict[str, Any], *, latin: bool = False) -> Document:
    """The answer to read: each category with its why, from where, to whom, until when, and the content. `latin`: other
    scripts in the content are written as code points.
    """
    say = wording(answer["language"])
    names = ", ".join(controller["name"] for controller in answer["controllers"])
    sections = [_category(number, part, say, latin=latin) for number, part in enumerate(answer["data"], 1)]
    readers = [f"{r['at'][:16].replace('T', ' ')} · {r['who']} · {r['activity']}" for r in answer["readers"][:_SHOWN]]
    seen: Block = Bullets(tuple(readers)) if readers else Paragraph(say["nobody"])
    sections.append(Section("readers", say["readers"], (Paragraph(say["reader"]), seen)))
    for number, controller in enumerate(answer["controllers"], 1):
        told = [*controller["security"], *([controller["withheld"]] if controller["withheld"] else [])]
        blocks: tuple[Block, ...] = (
            Bullets(tuple(told)),
            Paragraph(f"{say['complaint']}: {controller['complaint']} {controller['authority']}"),
        )
        sections.append(Section(f"security-{number}", f"{say['security']}: {controller['name']}", blocks))
    if answer["left_out"]:
        left = tuple(f"{item['table']}.{item['column']}: {item['because']}" for item in answer["left_out"])
        sections.append(Section("left-out", say["left_out"], (Paragraph(say["left_out_why"]), Bullets(left))))
    return Document(
        title=say["title"].format(names=names),
        language=answer["language"],
        publisher=names,
        contents=say["contents"],
        page=say["page"],
        lead=(Paragraph(say["lead"]),),
        sections=tuple(sections),
    )


def _category(number: int, part: dict[str, Any], say: dict[str, str], *, latin: bool) -> Section:
    facts = [
        (say["why"], tuple(f"{w['activity']}: {w['purpose']} ({', '.join(w['grounds'])})" for w in part["why"])),
        (say["sources"], tuple(part["sources"])),
        (say["recipients"], tuple(f"{r['name']}: {r['when']}" for r in part["recipients"])),
        (say["kept"], tuple(part["kept"])),
        (say["until"], (part["until"] or say["open"],)),
    ]
    blocks: list[Block] = [Facts(tuple((term, lines) for term, lines in facts if lines))]
    blocks += [Paragraph(say[key]) for key in ("archived", "on_hold") if part[key]]
    columns = [column for column in part["rows"][0] if any(row[column] not in (None, "") for row in part["rows"])]
    shown = part["rows"][:_SHOWN]
    rows = tuple(tuple((_shown(row[column], latin=latin),) for column in columns) for row in shown)
    blocks.append(Table(say["content"], tuple(columns), rows))
    if len(part["rows"]) > _SHOWN:
        blocks.append(Paragraph(say["rows"].format(count=len(part["rows"]))))
    return Section(f"data-{number}", f"{part['name']} ({part['controller']})", tuple(blocks))


def _shown(value: Any, *, latin: bool) -> str:
    text = "" if value is None else str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
    text = "".join(f"<U+{ord(c):04X}>" if _unseen(c) else c for c in text)
    return _LATIN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text) if latin else text


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def as_pdf(answer: dict[str, Any]) -> bytes:
    """The readable document as a tagged PDF; long tables show their first 200 rows and name the file with the rest."""
    made = datetime.fromisoformat(answer["made_at"])
    try:
        return render_pdf(as_document(answer), made=made)
    except TypesettingError:  # a script that no font has: an answer with code points beats none
        return render_pdf(as_document(answer, latin=True), made=made)


def as_zip(answer: dict[str, Any], *, readable: bool = True) -> bytes:
    """All of it in one ZIP archive; with `readable` the PDF, too, and without it what machines read only (H6)."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", as_json(answer))
        if readable:
            archive.writestr("data.pdf", as_pdf(answer))
        for name, content in as_csvs(answer).items():
            archive.writestr(name, content)
    return body.getvalue()
