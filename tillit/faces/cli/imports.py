"""``tillit import``: files into the system, and the rows that could not be used.

Nothing that stands in a file is printed: rows are named by line, field and reason.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli import price_files, quarantine, readings
from tillit.faces.cli.progress import Meter
from tillit.faces.cli.ready import controller_of, ready

app = typer.Typer(no_args_is_help=True, help="Take in files of every kind, and the rows that were put aside.")
app.add_typer(quarantine.app, name="quarantine")
app.command(name="readings")(readings.take_in)
for command in (price_files.prices, price_files.tariffs, price_files.temperatures):
    app.command()(command)
out = Console(highlight=False, soft_wrap=True)
PHASES = {"check": "Checking the file", "read": "Reading", "post": "Posting"}
MEMBER_PHASES = {"check": "Checking the file", "read": "Reading", "compare": "Comparing", "apply": "Applying"}
WAITING = 4  # exit code: nothing was done, somebody must approve it
PUT_ASIDE = 3  # exit code: taken in, but some rows were quarantined


@app.callback()
def files() -> None:
    """Take in files. `tillit import purchases FILE --source KEY`."""


@app.command()
def purchases(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet, see docs/formats.md.")],
    source: Annotated[str, typer.Option("--source", help="The key of the sender.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check; store nothing.")] = False,
    encoding: Annotated[str | None, typer.Option(help="utf-8 or cp1252, where the head of the file misleads.")] = None,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="A bar; default: on a terminal.")
    ] = None,
) -> None:
    """Take in a file of purchases: match, rate, post. Repeating it changes nothing; after a crash it completes.

    Exit code 0: every row is in. 3: done, but rows were put aside (`tillit import quarantine list`). 2: the file was
    refused and nothing of it is in.
    """
    if encoding not in {None, "utf-8", "cp1252"}:
        raise typer.BadParameter("utf-8 or cp1252", param_hint="--encoding")
    ready()
    from tillit.journeys import purchase_import

    run = purchase_import.examine_file if dry_run else purchase_import.import_file
    with Meter(PHASES, bar=progress) as meter:
        report = run(path=file, source_key=source, encoding=encoding, progress=meter.tell, describe=out.print)
    if report.repeated:
        out.print("This file was taken in before: nothing to do.")
        return
    _summary(report)
    put_aside = report.batch.quarantined if report.batch else report.counts.quarantined
    if put_aside:
        raise typer.Exit(PUT_ASIDE)


@app.command()
def members(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON, see docs/formats.md.")],
    union: Annotated[str, typer.Option("--union", help="The union's key.")],
    full: Annotated[bool | None, typer.Option("--full/--delta", help="Full: who is not in the file has left.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the file would do; store nothing.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Do it although it ends many memberships.")] = False,
    encoding: Annotated[str | None, typer.Option(help="utf-8 or cp1252, where the head of the file misleads.")] = None,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="A bar; default: on a terminal.")
    ] = None,
) -> None:
    """Take in a union's members. The same file again changes nothing; after a crash it completes.

    Exit code 0: done. 3: done, but rows were put aside (`tillit register quarantine`), or endings were withheld. 4: it
    would end more than the union's share of memberships and waits for --approve. 2: the file was refused.
    """
    if encoding not in {None, "utf-8", "cp1252"}:
        raise typer.BadParameter("utf-8 or cp1252", param_hint="--encoding")
    if full is None:
        raise typer.BadParameter("say whether the file is the whole register", param_hint="--full or --delta")
    ready()
    from tillit.faces.cli.register import say, union_of
    from tillit.journeys.register.importing import import_file

    found = union_of(union)
    with Meter(MEMBER_PHASES, bar=progress) as meter:
        done = import_file(
            path=file,
            controller=found,
            full=full,
            dry_run=dry_run,
            approve=approve,
            encoding=encoding,
            progress=meter.tell,
            describe=out.print,
        )
    say(done)
    if done.waiting and not dry_run:
        raise typer.Exit(WAITING)
    if done.quarantined or done.withheld:
        raise typer.Exit(PUT_ASIDE)


@app.command()
def takeover(
    file: Annotated[Path, typer.Argument(help="CSV, see docs/formats.md.")],
    controller: Annotated[str, typer.Option("--controller", help="A controller of the register they belong to.")],
) -> None:
    """Take over a club's members, with their cards, from another system. Repeating it enrols nobody twice.

    Exit code 0: every row is in. 3: done, but rows or cards were refused. 2: the file was refused.
    """
    ready()
    from tillit.journeys.member_file import import_members

    found = controller_of(controller)
    with Meter({"take": "Taking over"}) as meter:
        report = import_members(path=file, controller=found, progress=lambda done: meter.tell("take", done, 0))
    out.print(f"{report.new} new, {report.known} known before, {report.cards} cards and accounts")
    for line, code in sorted(report.refused.items()):
        out.print(f"  line {line}: {code}", markup=False)
    for code, number in sorted(report.cards_refused.items()):
        out.print(f"  {number} cards or accounts: {code}", markup=False)
    if report.refused or report.cards_refused:
        raise typer.Exit(PUT_ASIDE)


def _summary(report: Any) -> None:
    from tillit.purchases.reading.reasons import message

    table = Table("Rows", "", title=None if report.batch else "Dry run: nothing was stored")
    table.columns[1].justify = "right"
    counts, batch = report.counts, report.batch
    if batch is None:
        facts = {"read": counts.read, "fit to take in": counts.staged, "paid in cash": counts.cash}
        facts["would be quarantined"] = counts.quarantined
    else:
        facts = {
            "read": batch.rows_read,
            "posted": batch.posted,
            "parked (restricted members)": batch.parked,
            "known before": batch.repeated,
            "of others than members": batch.strangers,
            "refunds without their purchase": batch.refunds_unmatched,
            "quarantined": batch.quarantined,
        }
    for name, number in facts.items():
        table.add_row(name, f"{number:,}".replace(",", "\u00a0"))
    out.print(table)
    for code, rows in sorted(counts.reasons.items(), key=lambda item: -item[1]):
        out.print(f"  {rows} × {code}: {message(code)}", markup=False)
    for reject in report.rejects:
        out.print(f"  line {reject.line}, {reject.field or 'line'}: {reject.code}", markup=False)
    if batch is not None:
        out.print(f"Batch {batch.pk}.")
