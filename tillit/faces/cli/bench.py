"""``tillit bench``: what a mechanism costs, beside yardsticks measured in the same run."""

import json
import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli.ready import ready

app = typer.Typer(no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def benches() -> None:
    """Measure. `tillit bench intake`."""


@app.command()
def intake(
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the file, 40 % of them non-members'.")] = 500_000,
    members: Annotated[int, typer.Option(min=100, help="Members, each with bonus in three chains.")] = 200_000,
    more: Annotated[int, typer.Option(min=1, help="A second file has so many times the rows; 1: none.")] = 10,
    hordak: Annotated[bool, typer.Option("--hordak/--no-hordak", help="The one-by-one sample beside it.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One object: name, ratios, figures, bound_by.")] = False,
) -> None:
    """Purchases a second from file to posted bonus, in a database of its own on this server, removed afterwards."""
    os.environ["TILLIT_DATABASE_NAME"] = "tillit_bench"
    ready()
    from tillit.journeys.bench import intake as bench

    names = [bench.DATABASE, *([bench.HORDAK_DATABASE] if hordak else [])]
    with bench.prepared(*names):
        bench.migrate()
        result = bench.run(
            rows=rows, members=members, more=more, hordak=hordak, tell=lambda what: notes.print(what, markup=False)
        )
        from django.db import connections

        connections.close_all()
    if as_json:
        sys.stdout.write(json.dumps(result.as_json(), ensure_ascii=False) + "\n")
        return
    table = Table("Time beside a yardstick's", "")
    for name, ratio in result.ratios.items():
        table.add_row(name, f"{ratio:.4g}×")
    out.print(table)
    table = Table("Figure", "", "")
    for name, figure in result.figures.items():
        table.add_row(name, f"{figure.value:,}".replace(",", "\u00a0"), figure.unit)
    out.print(table)
    out.print(f"Bound by {result.bound_by}.", markup=False)
