"""``tillit import quarantine``: rows that were put aside. Listed by line, field and reason; shown only on request."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli.ready import ready

app = typer.Typer(no_args_is_help=True, help="List, show, repair, replay and dismiss rows that were put aside.")
out = Console(highlight=False, soft_wrap=True)
Source = Annotated[str, typer.Option("--source", help="The key of the sender.")]
Batch = Annotated[int | None, typer.Option("--batch", help="Only this batch.")]
Row = Annotated[int, typer.Argument(help="The row's number in the list.")]
SECRET = ("card", "account", "mobile", "email")


@app.command(name="list")
def list_rows(
    source: Source,
    batch: Batch = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 100,
    language: Annotated[str, typer.Option(help="nb or en")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List the rows that wait: line, field and reason, never their content."""
    ready()
    from tillit.purchases import quarantine
    from tillit.purchases.reading.reasons import message

    rows = quarantine.waiting(source_id=_source(source).pk, batch_id=batch).select_related("batch")
    total = rows.count()
    facts: list[dict[str, Any]] = [
        {
            "row": row.pk,
            "batch": row.batch_id,
            "file": row.batch.name,
            "line": row.line,
            "field": row.field,
            "reason": row.reason,
            "message": message(row.reason, language),
            "kept": row.sealed is not None,
        }
        for row in rows[:limit]
    ]
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    table = Table("Row", "File", "Line", "Field", "Reason")
    for fact in facts:
        table.add_row(str(fact["row"]), fact["file"], str(fact["line"]), fact["field"], fact["message"])
    out.print(table)
    out.print(f"{total} rows wait.")


@app.command()
def show(
    row: Row,
    reveal: Annotated[bool, typer.Option("--reveal", help="Also numbers and addresses in full.")] = False,
) -> None:
    """Show what a row holds; the look is recorded. Numbers and addresses only by their last four."""
    ready()
    from tillit.purchases import quarantine

    found = _row(row)
    for name, value in quarantine.show(row=found, actor=_operator(found)).items():
        hidden = name in SECRET and not reveal
        if not name and not reveal:
            out.print("the line as it stood (see it with --reveal)")
            continue
        out.print(f"{name or 'line'}: {'…' + (value or '')[-4:] if hidden else value}", markup=False)


@app.command()
def repair(
    row: Row,
    changes: Annotated[list[str], typer.Argument(metavar="COLUMN=VALUE…", help="An empty value empties the field.")],
) -> None:
    """Give fields of a row other values. `tillit import quarantine replay` then takes it in."""
    ready()
    from tillit.purchases import quarantine

    pairs = [change.partition("=") for change in changes]
    if any(not mark for _, mark, _ in pairs):
        raise typer.BadParameter("COLUMN=VALUE", param_hint="changes")
    found = _row(row)
    quarantine.repair(row=found, values={name: value or None for name, _, value in pairs}, actor=_operator(found))
    out.print(f"row {row}: repaired")


@app.command()
def replay(
    source: Source,
    rows: Annotated[list[int] | None, typer.Argument(help="Only these rows.")] = None,
    batch: Batch = None,
) -> None:
    """Play the rows that wait again. Exit code 3 when some still wait."""
    ready()
    from tillit.journeys.quarantine_replay import replay_quarantine
    from tillit.kernel.scope import system

    holder = _holder(_source(source).register_id)
    done = replay_quarantine(source_key=source, actor=system("command_line", {holder}), batch_id=batch, ids=rows or ())
    out.print(f"{done.rows} rows played, {done.taken_in} taken in, {done.waiting} still wait")
    if done.waiting:
        raise typer.Exit(3)


@app.command()
def dismiss(
    rows: Annotated[list[int], typer.Argument(help="The rows' numbers.")],
    because: Annotated[
        str, typer.Option("--reason", help="not_a_row, test, sent_again, not_ours, cannot_be_mended or posted_already.")
    ] = "not_a_row",
) -> None:
    """Give up rows that cannot become purchases, for a reason that goes on record; their content is dropped at once."""
    ready()
    from tillit.journeys.quarantine_replay import POSTED_ALREADY, posted_already
    from tillit.purchases import quarantine

    found = [_row(row) for row in rows]
    if because == POSTED_ALREADY:
        count = posted_already(rows=found, actor=_operator(found[0]))
    else:
        count = quarantine.dismiss(rows=found, because=because, actor=_operator(found[0]))
    out.print(f"{count} rows dismissed")


def _source(key: str) -> Any:
    from tillit.purchases.errors import UnknownSourceError
    from tillit.purchases.models import Source as Sender

    found = Sender.objects.filter(key=key).first()
    if found is None:
        raise UnknownSourceError("unknown-source", "no source of purchases has that key")
    return found


def _row(number: int) -> Any:
    from tillit.purchases.errors import QuarantineError
    from tillit.purchases.models import QuarantinedRow

    found = QuarantinedRow.objects.filter(pk=number).select_related("batch__source").first()
    if found is None:
        raise QuarantineError("no-row", f"there is no row {number}")
    return found


def _operator(row: Any) -> Any:
    from tillit.kernel.scope import system

    return system("command_line", {_holder(row.batch.source.register_id)})


def _holder(register_id: int) -> int:
    from tillit.declaration.queries import register_holder

    return register_holder(register_id=register_id)
