"""``tillit simulate``: years of a synthetic population under the declarations, in a database of its own (H10)."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli.progress import Meter
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console
from tillit.platform import paths

if TYPE_CHECKING:
    from tillit.declaration.schema import Declaration
    from tillit.journeys.simulate.run import Report

app = typer.Typer()
out = console()
DATABASE = "tillit_simulate"
_SHOWN = 20


@app.command()
def simulate(
    years: Annotated[int, typer.Option(min=1, max=50, help="How many years.")] = 12,
    people: Annotated[int, typer.Option(min=1, help="People a controller.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lives.")] = 1,
    declarations: Annotated[
        list[Path] | None,
        typer.Option("--declaration", help="A file; again for more. Default: what is published here, or the examples."),
    ] = None,
    acts: Annotated[
        list[str] | None,
        typer.Option("--act", help="Of what people do, only this; again for more. Default: everything."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Let invented people join, buy, consent, object, claim, leave and come back; run retention on each event and due
    date, the day before and the day after. Exit code 1 when anything is overdue or went before its day.
    """
    found = _from_files(declarations) if declarations else _published() or _from_files(_examples())
    os.environ["TILLIT_DATABASE_NAME"] = DATABASE
    with tempfile.TemporaryDirectory(prefix="heads", dir=paths.ensure_var()) as heads:
        os.environ["TILLIT_AUDIT_HEADS"] = heads
        report = _lived(found, years, people, seed, acts or None)
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(), ensure_ascii=False) + "\n")
    else:
        _tell(report)
    if not report.kept:
        raise typer.Exit(1)


def _lived(
    found: "list[tuple[Declaration, str]]", years: int, people: int, seed: int, acts: list[str] | None = None
) -> "Report":
    ready()
    from django.db import connections

    from tillit.journeys.bench.place import migrate, prepared
    from tillit.journeys.simulate import run

    _repoint()
    with prepared(DATABASE):
        migrate(DATABASE)
        try:
            run.declare(found)
            with Meter({"live": "Years go by"}) as meter:
                return run.simulate(years=years, people=people, seed=seed, acts=acts, progress=meter.tell)
        finally:
            connections.close_all()


def _repoint() -> None:
    """Django may have been set up for the installation's database, to read what is published there."""
    from django.db import connections

    from tillit.platform import database

    connections.close_all()
    connections.settings["default"].update(database.django_settings("app", name=DATABASE))


def _examples() -> list[Path]:
    folder = paths.root() / "examples"
    return sorted(f for f in folder.glob("*/[!_]*.yaml") if f.name != "coverage.yaml")


def _from_files(files: list[Path]) -> "list[tuple[Declaration, str]]":
    from tillit.declaration.loader import load

    return [(load(file)[0], file.read_text("utf-8")) for file in files]


def _published() -> "list[tuple[Declaration, str]]":
    """The versions that stand in this installation; none where there is no installation yet."""
    from django.db.utils import OperationalError, ProgrammingError

    ready()
    from tillit.declaration.models import Controller
    from tillit.declaration.queries import current, current_version
    from tillit.kernel import clock

    try:
        standing = [one for one in Controller.objects.order_by("id") if one.versions.exists()]
        return [
            (
                current(controller_id=one.pk, on=clock.today()),
                current_version(controller_id=one.pk, on=clock.today()).source_text,
            )
            for one in standing
        ]
    except (OperationalError, ProgrammingError):
        return []


def _tell(report: "Report") -> None:
    out.print(
        f"{report.people} people of {report.controllers} controllers, {report.first} to {report.last}:"
        f" {report.days_visited} days visited, {report.due_dates} of them for due dates"
    )
    for title, counts in (
        ("done", report.acts),
        ("what came of it", report.outcomes),
        ("disposed of", report.disposed),
    ):
        table = Table(title, "rows" if title == "disposed of" else "times", box=None, pad_edge=False)
        for name, number in sorted(counts.items()):
            table.add_row(name, str(number))
        out.print(table)
    if report.missing:
        out.print("did not come up (more people or years are needed): " + ", ".join(report.missing), markup=False)
    out.print(
        f"{report.rows_left} rows are left, none of them due" if report.kept else f"{report.rows_left} rows are left"
    )
    for name, faults in (("overdue", report.overdue), ("gone before its day", report.early)):
        rows = sum(fault["rows"] for fault in faults)
        out.print(f"{name}: {rows}", style="red" if rows else None)
        for fault in faults[:_SHOWN]:
            out.print("  {day} {controller} {category} {table}: {rows}".format(**fault), markup=False)
