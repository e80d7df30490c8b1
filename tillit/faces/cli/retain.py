"""``tillit retain``: dispose of everything that is due, or say what would be."""

import csv
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.days import bounded
from tillit.faces.cli.progress import Meter
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.privacy.models import RetentionRun

app = typer.Typer()
out = console()


PHASES = {"archive": "Into the archives", "dispose": "Disposing", "tidy": "Tidying up"}


@app.command()
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is due; change nothing.")] = False,
    at: Annotated[
        datetime | None, typer.Option("--at", formats=["%Y-%m-%d"], help="As of this day; default: today.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The report as CSV.")] = False,
) -> None:
    """Erase, anonymise, pseudonymise or archive what the declarations no longer let us keep.

    Run at any time; one run at once. A run that was interrupted is made up for by the next.
    """
    ready()
    from tillit.kernel import clock
    from tillit.privacy import retention

    day = bounded(at.date(), option="--at", ahead=True) if at else clock.today()
    if day > clock.today() and not dry_run:
        raise typer.BadParameter("a day to come is for --dry-run", param_hint="--at")
    with Meter(PHASES) as meter:
        done = retention.run(as_of=day, dry_run=dry_run, progress=meter.tell)
    if as_json:
        print(json.dumps(report(done), ensure_ascii=False))
    elif as_csv:
        rows = report(done)["rows"]
        writer = csv.DictWriter(sys.stdout, fieldnames=["controller", "category", "table", "disposal", "rows"])
        writer.writeheader()
        writer.writerows(rows)
    else:
        if done.resumes is not None:
            out.print(f"made up for the run of {done.resumes.started_at:%Y-%m-%d %H:%M} UTC, which was interrupted")
        out.print(summary(done))


def report(run: "RetentionRun") -> dict[str, Any]:
    """A run as data: `as_of`, `dry_run`, `total`, and `rows`: controller, category, table, disposal, rows."""
    from tillit.declaration.models import Controller

    keys = dict(Controller.objects.values_list("id", "key"))
    found = [
        {
            "controller": keys.get(row.controller_id, ""),
            "category": row.category,
            "table": row.table,
            "disposal": row.disposal,
            "rows": row.rows,
        }
        for row in run.results.order_by("controller_id", "category", "table", "disposal")
    ]
    total = sum(row.rows for row in run.results.all())
    return {"run": run.pk, "as_of": run.as_of.isoformat(), "dry_run": run.dry_run, "total": total, "rows": found}


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
