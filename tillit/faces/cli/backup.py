"""``tillit backup``: make a dump and copy the keys, list what there is, read a dump to its end."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer()
out = console()


@app.callback(invoke_without_command=True)
def backup(
    context: typer.Context,
    keep: Annotated[
        str | None, typer.Option("--keep", help="Keep dumps this long (P90D); default: as the declarations promise.")
    ] = None,
) -> None:
    """Make an encrypted dump and a copy of the key store, read both back, and let go of what is too old."""
    if context.invoked_subcommand:
        return
    ready()
    from tillit.kernel.iso_period import IsoPeriod, PeriodError
    from tillit.privacy.backup import run

    try:
        kept = IsoPeriod.parse(keep) if keep else None
    except PeriodError as error:
        raise typer.BadParameter(error.message, param_hint="--keep") from None
    made = run.backup(kept=kept, progress=_say)
    out.print(f"dump: {made.dump} ({made.rows} rows, {_size(made.dump.stat().st_size)}), read back whole", markup=False)
    out.print(f"keys: {made.keys} ({made.held_keys} keys)", markup=False)
    for name in made.removed:
        out.print(f"removed: {name}", markup=False)


@app.command(name="list")
def listing() -> None:
    """The dumps and key copies that are there, with when each was last read back whole."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.backup import dump, places
    from tillit.privacy.models import BackupRun

    read_back = dict(BackupRun.objects.exclude(verified_at=None).values_list("file", "verified_at"))
    kept, table = dump.longest_kept(), Table("file", "made", "size", "read back", "goes", box=None, pad_edge=False)
    found = [*places.listed("dump"), *places.listed("keys")]
    if not found:
        out.print("there is no backup yet: tillit backup makes one")
        return
    for one in found:
        goes = _moment(kept.add_to(one.made_at)) if one.kind == "dump" else "with the next but one"
        checked = read_back.get(one.path.name)
        table.add_row(
            one.path.name, _moment(one.made_at), _size(one.bytes), _moment(checked) if checked else "never", goes
        )
    out.print(table)
    newest = max((one.made_at for one in found if one.kind == "dump"), default=None)
    if newest is not None:
        out.print(f"newest dump: {_ago((clock.now() - newest).total_seconds())} old")


@app.command()
def verify(file: Annotated[Path, typer.Argument(help="The dump.", exists=True, dir_okay=False)]) -> None:
    """Read a dump to its last byte: key, every segment, every row. Exit code 1 when it is not whole."""
    ready()
    from tillit.privacy.backup import run

    manifest = run.verify(file)
    out.print(
        f"whole: {sum(manifest.tables.values())} rows in {len(manifest.tables)} tables, made {manifest.made_at}",
        markup=False,
    )


def _say(line: str) -> None:
    out.print(f"  {line}", markup=False, style="dim")


def _size(count: int) -> str:
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"


def _moment(moment: datetime) -> str:
    from tillit.kernel.clock import DEFAULT_ZONE

    return moment.astimezone(ZoneInfo(DEFAULT_ZONE)).strftime("%Y-%m-%d %H:%M")


def _ago(seconds: float) -> str:
    hours = int(seconds // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
