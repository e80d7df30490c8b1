"""``tillit retain``: dispose of everything that is due, or say what would be."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.privacy.models import RetentionRun

app = typer.Typer()
out = console()


@app.command()
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is due; change nothing.")] = False,
    at: Annotated[
        datetime | None, typer.Option("--at", formats=["%Y-%m-%d"], help="As of this day; default: today.")
    ] = None,
) -> None:
    """Erase, anonymise or archive what the declarations no longer let us keep."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy import retention

    day = at.date() if at else clock.today()
    if day > clock.today() and not dry_run:
        raise typer.BadParameter("a day to come is for --dry-run", param_hint="--at")
    done = retention.run(
        as_of=day, dry_run=dry_run, progress=lambda line: out.print(f"  {line}", markup=False, style="dim")
    )
    out.print(summary(done))


def summary(run: "RetentionRun") -> Table | str:
    """What a run did, by controller, category and table; one line when nothing was due."""
    from tillit.declaration.models import Controller

    rows = list(run.results.order_by("controller_id", "category", "table"))
    word = "would go" if run.dry_run else "went"
    if not rows:
        return f"nothing was due on {run.as_of}"
    names = dict(Controller.objects.values_list("id", "name"))
    table = Table("controller", "category", "table", "how", box=None, pad_edge=False, title=f"due on {run.as_of}")
    table.title_justify = "left"
    table.add_column(f"rows that {word}", justify="right")
    for row in rows:
        table.add_row(names.get(row.controller_id, ""), row.category, row.table, row.disposal, f"{row.rows}")
    return table
