"""Rows that were put aside, as commands list, mend and play them: of purchases, of unions' files, of meter values."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

HELP = "List, show, repair, replay and dismiss rows that were put aside."
WAITING = 3
"""Exit code where rows still wait."""
Row = Annotated[int, typer.Argument(help="The row's number in the list.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many rows.")]
Language = Annotated[str, typer.Option(help="nb or en")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON list.")]
Changes = Annotated[list[str], typer.Argument(metavar="COLUMN=VALUE…", help="An empty value empties the field.")]
Because = Annotated[str, typer.Option("--because", help="not_a_row, test, sent_again, not_ours, cannot_be_mended")]
_out = Console(highlight=False, soft_wrap=True)


def listing(
    rows: Iterable[Any],
    *,
    total: int,
    file_of: str,
    message: Callable[[str], str],
    as_json: bool,
    batches: bool = False,
) -> None:
    """Print rows by line, field and reason, never their content. `file_of`: what a row calls its file; `batches`:
    whether the number of it is told, too.
    """
    facts: list[dict[str, Any]] = [
        {
            "row": row.pk,
            **({"batch": getattr(row, file_of).pk} if batches else {}),
            "file": getattr(row, file_of).name,
            "line": row.line,
            "field": row.field,
            "reason": row.reason,
            "message": message(row.reason),
            "kept": row.sealed is not None,
        }
        for row in rows
    ]
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    table = Table("Row", "File", "Line", "Field", "Reason")
    for fact in facts:
        table.add_row(str(fact["row"]), fact["file"], str(fact["line"]), fact["field"], fact["message"])
    _out.print(table)
    _out.print(f"{total} rows wait.")


def content(
    values: Mapping[str, str | None], *, secret: Collection[str] = (), last: int = 0, reveal: bool = True
) -> None:
    """Print what a row holds: of the secret fields only the `last` signs, unless they are revealed; of a line that was
    no row, nothing.
    """
    for name, value in values.items():
        if not name and not reveal:
            _out.print("the line as it stood (see it with --reveal)")
            continue
        hidden = name in secret and not reveal
        shown = "…" + ((value or "")[-last:] if last else "") if hidden else value
        _out.print(f"{name or 'line'}: {shown}", markup=False)


def changed(changes: Iterable[str]) -> dict[str, str | None]:
    """COLUMN=VALUE … as values by column; an empty one is None."""
    pairs = [change.partition("=") for change in changes]
    if any(not mark for _, mark, _ in pairs):
        raise typer.BadParameter("COLUMN=VALUE", param_hint="changes")
    return {name: value or None for name, _, value in pairs}


def repaired(row: int) -> None:
    """Say that a row has other values now."""
    _out.print(f"row {row}: repaired")


def played(done: Any) -> None:
    """Say what came of rows that were played again. Exit code 3 when some still wait."""
    _out.print(f"{done.rows} rows played, {done.taken_in} taken in, {done.waiting} still wait")
    if done.waiting:
        raise typer.Exit(WAITING)


def dismissed(count: int) -> None:
    """Say how many were given up."""
    _out.print(f"{count} rows dismissed")
