"""``tillit restore``: a dump back into an empty database, with everything people have decided since."""

from pathlib import Path
from typing import Annotated

import typer

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer()
out = console()


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The dump.", exists=True, dir_okay=False)],
    into: Annotated[str | None, typer.Option("--into", help="Another database than the configured one.")] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="A copy of the key store; default: the newest.", exists=True)
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Go on without keys: no sealed value will open.")
    ] = False,
) -> None:
    """Restore a dump: check it, replay the journal, dispose of what has fallen due, and only then open the database."""
    ready()
    from tillit.platform import database
    from tillit.privacy.backup.restore import restore as run

    name = database.place(into).name
    done = run(
        path=file,
        name=name,
        keys=keys,
        without_keys=without_keys,
        progress=lambda line: out.print(f"  {line}", markup=False, style="dim"),
    )
    again = done.replayed
    out.print(f"database {done.name}: open, as of {done.manifest.made_at}", markup=False)
    out.print(f"keys: {done.keys}")
    out.print(
        f"journal: {done.entries} entries; {again.rows} rows put right, {again.gone} gone again, {again.erasures} "
        f"erasures, {again.digests} identifiers, {again.states} people's restrictions, {again.merges} merges, "
        f"{again.staff} staff"
    )
    out.print(f"disposed of since: {done.disposed} rows")
    if (handed := again.handed).back:
        out.print(f"handed over since, at their giver again: {handed.back} people; carry the hand-over out again")
    if handed.sent:
        out.print(f"left for another installation, parcel not confirmed: {handed.sent} people; they are sent again")
    if handed.awaited:
        out.print(f"came from another installation since: {handed.awaited} people; have its staff send them again")
    for what, count in sorted(again.lost.items()):
        out.print(f"corrected since, not recoverable, ask again: {count} × {what}", markup=False)
