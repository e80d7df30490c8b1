"""``tillit import readings`` and ``tillit readings``: files of meter values, and their rows that were put aside (E2).

Nothing that stands in a file is printed, but a row that is asked for: rows are named by line, field and reason.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli import put_aside
from tillit.faces.cli.progress import Meter
from tillit.faces.cli.ready import controller_of, ready

app = typer.Typer(no_args_is_help=True)
quarantine = typer.Typer(no_args_is_help=True, help=put_aside.HELP)
app.add_typer(quarantine, name="quarantine")
out = Console(highlight=False, soft_wrap=True)
Owner = Annotated[str, typer.Option("--controller", help="The power retailer's key.")]
PHASES = {"check": "Checking the file", "read": "Reading"}
_LONGEST_SHOWN = 20


@app.callback()
def readings() -> None:
    """Meter values. `tillit import readings` takes files in."""


def take_in(
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories of files, see docs/meter-values.md.")],
    controller: Owner,
    point: Annotated[str, typer.Option(help="Whose values, where neither rows nor the file's name say.")] = "",
    registered: Annotated[datetime | None, typer.Option(help="When, where rows do not say (UTC).")] = None,
    swapped: Annotated[bool, typer.Option("--in-is-consumption", help="In and out as the customer sees it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check; store nothing.")] = False,
    encoding: Annotated[str | None, typer.Option(help="utf-8 or cp1252, where the head of the file misleads.")] = None,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="A bar; default: on a terminal.")
    ] = None,
) -> None:
    """Take in meter values: JSON, ebIX XML, CSV. The same again changes nothing; the newest registration counts.

    Exit code 0: every row is in. 3: done, but rows were put aside (`tillit readings quarantine list`). 2: a file was
    refused and nothing of it is in; the others are.
    """
    if encoding not in {None, "utf-8", "cp1252"}:
        raise typer.BadParameter("utf-8 or cp1252", param_hint="--encoding")
    ready()
    from datetime import UTC

    from tillit.files.errors import FileRefusedError
    from tillit.power.intake import import_file
    from tillit.power.reading.files import masked

    found, counts, reasons = controller_of(controller), Counter[str](), Counter[str]()
    refused = repeated = 0
    files = _files(paths)
    when = registered if registered is None or registered.tzinfo else registered.replace(tzinfo=UTC)
    with Meter(PHASES, bar=progress) as meter:
        for file in files:
            try:
                done = import_file(
                    path=file, controller=found, point=point, swapped=swapped, registered=when, dry_run=dry_run,
                    encoding=encoding, progress=meter.tell,
                    describe=out.print if len(files) == 1 else None,
                )  # fmt: skip
            except FileRefusedError as error:
                if len(files) == 1:
                    raise
                refused += 1
                out.print(f"{masked(file.name)}: {error.code}: {error}", markup=False)
                continue
            repeated += done.repeated
            counts.update(done.counts)
            reasons.update(done.reasons)
            for one in done.rejects[:_LONGEST_SHOWN]:
                out.print(f"  {masked(file.name)} line {one.line}, {one.field or 'line'}: {one.code}", markup=False)
    _say(len(files), repeated, refused, counts, reasons, dry_run=dry_run)
    if refused:
        raise typer.Exit(2)
    if reasons:
        raise typer.Exit(put_aside.WAITING)


@app.command()
def files(controller: Owner, limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20) -> None:
    """The files taken in, the latest first, and what each did."""
    ready()
    from tillit.power.models import ReadingFile

    table = Table("File", "Received", "State", "Values", "New days", "Corrected", "Known", "Put aside")
    for one in ReadingFile.objects.filter(controller=controller_of(controller)).order_by("-id")[:limit]:
        counts = [one.counts.get(name, 0) for name in ("values", "added", "changed", "unchanged")]
        state = f"{one.state} ({one.failure})" if one.failure else one.state
        table.add_row(one.name, f"{one.received_at:%Y-%m-%d %H:%M}", state, *map(str, counts), str(one.quarantined))
    out.print(table)


@quarantine.command(name="list")
def list_rows(
    controller: Owner,
    limit: put_aside.Limit = 100,
    language: put_aside.Language = "en",
    as_json: put_aside.AsJson = False,
) -> None:
    """List the rows that wait: line, field and reason, never their content."""
    ready()
    from tillit.power.quarantine import waiting
    from tillit.power.reading.reasons import message

    rows = waiting(controller_id=controller_of(controller).pk)
    put_aside.listing(
        rows[:limit],
        total=rows.count(),
        file_of="file",
        message=lambda code: message(code, language),
        as_json=as_json,
    )


@quarantine.command()
def show(row: put_aside.Row) -> None:
    """Show what a row holds; the look is recorded."""
    ready()
    from tillit.power.quarantine import show as opened

    found = _row(row)
    put_aside.content(opened(row=found, actor=_operator(found)))


@quarantine.command()
def repair(row: put_aside.Row, changes: put_aside.Changes) -> None:
    """Give fields of a row other values. `tillit readings quarantine replay` then takes it in."""
    ready()
    from tillit.power.quarantine import repair as mended

    values, found = put_aside.changed(changes), _row(row)
    mended(row=found, values=values, actor=_operator(found))
    put_aside.repaired(row)


@quarantine.command()
def replay(
    controller: Owner, rows: Annotated[list[int] | None, typer.Argument(help="Only these rows.")] = None
) -> None:
    """Play the rows that wait again. Exit code 3 when some still wait."""
    ready()
    from tillit.kernel.scope import system
    from tillit.power.quarantine import replay as play

    found = controller_of(controller)
    put_aside.played(play(controller=found, actor=system("operator", {found.pk}), ids=rows or ()))


@quarantine.command()
def dismiss(rows: Annotated[list[int], typer.Argument(help="The rows' numbers.")], because: put_aside.Because) -> None:
    """Give up rows that are nobody's; their content is dropped at once."""
    ready()
    from tillit.power.quarantine import dismiss as dropped

    found = [_row(row) for row in rows]
    put_aside.dismissed(dropped(rows=found, because=because, actor=_operator(found[0])))


def _say(
    files: int, repeated: int, refused: int, counts: Counter[str], reasons: Counter[str], *, dry_run: bool
) -> None:
    from tillit.power.reading.reasons import message

    table = Table("Meter values", "", title="Dry run: nothing was stored" if dry_run else None)
    table.columns[1].justify = "right"
    facts = {"files": files, "files known before": repeated, "files refused": refused, "values": counts["values"],
             "new days": counts["added"], "days corrected": counts["changed"], "days known before": counts["unchanged"],
             "quarantined": sum(reasons.values())}  # fmt: skip
    for name, number in facts.items():
        table.add_row(name, f"{number:,}".replace(",", "\u00a0"))
    out.print(table)
    for code, rows in reasons.most_common():
        out.print(f"  {rows} × {code}: {message(code)}", markup=False)


def _files(paths: list[Path]) -> list[Path]:
    """The files named, and those below the directories named, in order; hidden ones are left."""
    found: list[Path] = []
    for path in paths:
        below = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        found += [one for one in below if path == one or not one.name.startswith(".")]
    if not found:
        raise typer.BadParameter("there is no file there", param_hint="paths")
    return found


def _row(number: int) -> Any:
    from tillit.power.models import QuarantinedReading

    found = QuarantinedReading.objects.filter(pk=number).select_related("file").first()
    if found is None:
        raise typer.BadParameter(f"there is no row {number}", param_hint="row")
    return found


def _operator(row: Any) -> Any:
    from tillit.kernel.scope import system

    return system("operator", {row.file.controller_id})
