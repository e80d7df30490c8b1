"""``tillit import quarantine``: rows that were put aside. Listed by line, field and reason; shown only on request."""

from typing import Annotated, Any

import typer

from tillit.faces.cli import put_aside
from tillit.faces.cli.ready import ready

app = typer.Typer(no_args_is_help=True, help=put_aside.HELP)
Source = Annotated[str, typer.Option("--source", help="The key of the sender.")]
Batch = Annotated[int | None, typer.Option("--batch", help="Only this batch.")]
SECRET = ("card", "account", "mobile", "email")


@app.command(name="list")
def list_rows(
    source: Source,
    batch: Batch = None,
    limit: put_aside.Limit = 100,
    language: put_aside.Language = "en",
    as_json: put_aside.AsJson = False,
) -> None:
    """List the rows that wait: line, field and reason, never their content."""
    ready()
    from tillit.purchases import quarantine
    from tillit.purchases.reading.reasons import message

    rows = quarantine.waiting(source_id=_source(source).pk, batch_id=batch).select_related("batch")
    put_aside.listing(
        rows[:limit],
        total=rows.count(),
        file_of="batch",
        message=lambda code: message(code, language),
        as_json=as_json,
        batches=True,
    )


@app.command()
def show(
    row: put_aside.Row,
    reveal: Annotated[bool, typer.Option("--reveal", help="Also numbers and addresses in full.")] = False,
) -> None:
    """Show what a row holds; the look is recorded. Numbers and addresses only by their last four."""
    ready()
    from tillit.purchases import quarantine

    found = _row(row)
    values = quarantine.show(row=found, actor=_operator(found))
    put_aside.content(values, secret=SECRET, last=4, reveal=reveal)


@app.command()
def repair(row: put_aside.Row, changes: put_aside.Changes) -> None:
    """Give fields of a row other values. `tillit import quarantine replay` then takes it in."""
    ready()
    from tillit.purchases import quarantine

    values, found = put_aside.changed(changes), _row(row)
    quarantine.repair(row=found, values=values, actor=_operator(found))
    put_aside.repaired(row)


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
    acting = system("command_line", {holder})
    put_aside.played(replay_quarantine(source_key=source, actor=acting, batch_id=batch, ids=rows or ()))


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
    put_aside.dismissed(count)


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
