"""``tillit draw``: draws, and repeating them (F7, F8)."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="List draws, show one, and repeat it.")
out = console()


@app.command(name="list")
def list_draws(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Every draw, the newest first, with what was published of it."""
    ready()
    from tillit.outreach.draws.models import Draw

    rows = Draw.objects.select_related("controller").order_by("-committed_at")
    if as_json:
        told = [
            {
                "number": one.pk,
                "controller": one.controller.key,
                "commitment": one.commitment,
                "digest": one.digest,
                "seed": one.seed,
                "mixed_in": one.mixed_in,
                "entrants": one.entrants,
                "drawn": one.drawn,
            }
            for one in rows
        ]
        print(json.dumps({"draws": told}))
        return
    table = Table("number", "controller", "committed", "list", "drawn", box=None, pad_edge=False)
    for one in rows:
        state = str(len(one.drawn)) if one.drawn_at else "not yet"
        table.add_row(str(one.pk), one.controller.key, f"{one.committed_at:%Y-%m-%d}", str(one.entrants), state)
    out.print(table if rows else "no draw yet")


@app.command()
def verify(
    number: Annotated[int | None, typer.Argument(help="A draw of this installation; without it, of the files.")] = None,
    tickets: Annotated[Path | None, typer.Option("--list", help="The list: a ticket a line.")] = None,
    seed: Annotated[str, typer.Option(help="The seed, 64 hexadecimal digits.")] = "",
    commitment: Annotated[str, typer.Option(help="The digest of the seed, as it was published.")] = "",
    digest: Annotated[str, typer.Option(help="The digest of the list, as it was published.")] = "",
    count: Annotated[int, typer.Option(help="How many were drawn.")] = 1,
    mixed_in: Annotated[str, typer.Option("--mixed-in", help="The announced number, if there was one.")] = "",
) -> None:
    """Repeat a draw and say whether it is what was published; prints what is drawn. Exit 1 where it is not.

    With files alone it needs no database.
    """
    if number is None:
        faults, drawn = _from_files(tickets, seed, commitment, digest, count, mixed_in)
    else:
        ready()
        from tillit.outreach.draws.models import Draw
        from tillit.outreach.draws.operations import verify as again

        found = Draw.objects.filter(pk=number).first()
        if found is None:
            raise typer.BadParameter(f"no draw {number}")
        if found.drawn_at is None:
            out.print("not drawn yet", markup=False)
            return
        faults, drawn = again(found), list(found.drawn)
    for ticket in drawn:
        print(ticket)
    if faults:
        out.print(f"NOT what was published: {', '.join(faults)}", markup=False)
        raise typer.Exit(1)
    out.print("as published", markup=False)


def _from_files(
    tickets: Path | None, seed: str, commitment: str, digest: str, count: int, mixed_in: str
) -> tuple[list[str], list[str]]:
    from tillit.outreach.draws import order

    if tickets is None or not tickets.is_file():
        raise typer.BadParameter("name the list of tickets", param_hint="--list")
    try:
        key = bytes.fromhex(seed)
    except ValueError:
        raise typer.BadParameter("a seed is 64 hexadecimal digits", param_hint="--seed") from None
    listed = tickets.read_text(encoding="ascii").split()
    drawn = order.drawn(seed=key, tickets=listed, count=count, mixed_in=mixed_in)
    told = order.faults(seed=key, committed=commitment, tickets=listed, listed=digest, said=drawn, mixed_in=mixed_in)
    return told, drawn
