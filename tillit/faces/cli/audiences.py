"""``tillit audiences``: audiences for advertising elsewhere (B10)."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Make, fill, list and end audiences for advertising elsewhere.")
out = console()
Key = Annotated[str, typer.Option("--controller", help="A controller's key.")]
Name = Annotated[str, typer.Argument(help="What the audience is called.")]
At = Annotated[str, typer.Option("--network", help="Key of the processor it is at.")]


@app.command(name="list")
def list_audiences(
    controller: Key,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show who could be in an audience, why others are not, and the audiences there are."""
    found = controller_of(controller)
    from tillit.outreach.audiences import queries

    reach, listed = queries.reach(controller=found), queries.audiences(controller=found)
    if as_json:
        rows = [
            {
                "name": a.name,
                "network": a.network,
                "held": a.held,
                "ended": a.ended_at is not None,
                "failure": a.failure,
            }
            for a in listed
        ]
        print(json.dumps({"people": len(reach.people), "excluded": reach.excluded, "audiences": rows}))
        return
    out.print(f"{len(reach.people)} people may be in an audience", markup=False)
    for reason, number in reach.excluded.items():
        out.print(f"{number} may not: {reason}", markup=False)
    table = Table("audience", "network", "held", "state", box=None, pad_edge=False)
    for one in listed:
        table.add_row(one.name, one.network, str(one.held), "ended" if one.ended_at else one.failure or "follows")
    if listed:
        out.print(table)


@app.command()
def make(name: Name, controller: Key, network: At) -> None:
    """Make an audience at a network that the controller has approved, and put in whoever said yes."""
    found = controller_of(controller)
    from tillit.outreach.audiences import operations, queries

    with queries.scope_of(found) as scope:
        made = operations.make(scope=scope, controller=found, network=network, name=name)
    _told(operations.fill(audience=made))


@app.command()
def fill(name: Name, controller: Key, network: At) -> None:
    """Put in whoever may be in the audience now, and take out whoever may not."""
    found = _audience(controller, network, name)
    from tillit.outreach.audiences import operations

    _told(operations.fill(audience=found))


@app.command()
def end(name: Name, controller: Key, network: At) -> None:
    """End an audience: at the network, then here."""
    found = _audience(controller, network, name)
    from tillit.outreach.audiences import operations

    operations.end(audience=found)
    out.print("ended", markup=False)


def _told(run: Any) -> None:
    if run is None:
        out.print("nothing to do", markup=False)
    else:
        out.print(f"{run.added} added, {run.removed} removed; the network holds {run.held}", markup=False)


def _audience(controller: str, network: str, name: str) -> Any:
    found = controller_of(controller)
    from tillit.outreach.audiences.models import Audience

    one = Audience.objects.filter(controller=found, network=network, name=name, ended_at__isnull=True).first()
    if one is None:
        raise typer.BadParameter(f"no audience '{name}' at {network}")
    return one
