"""``tillit campaigns``: newsletters and campaigns (F3): list, count a set, follow, pause, go on, cancel."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="List campaigns, count sets, follow, pause, go on, cancel.")
out = console()
Key = Annotated[str, typer.Option("--controller", help="A controller's key.")]
Number = Annotated[int, typer.Argument(help="The campaign's number.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(name="list")
def list_campaigns(controller: Key, as_json: AsJson = False) -> None:
    """Show the campaigns of a controller, the newest first."""
    found = controller_of(controller)
    from tillit.outreach.campaigns import queries

    rows = list(queries.campaigns(controller=found)[:200])
    if as_json:
        said = [{"number": c.pk, "name": c.name, "status": c.status, "recipients": c.recipients} for c in rows]
        print(json.dumps({"campaigns": said}))
        return
    table = Table("number", "name", "purpose", "channel", "status", "recipients", box=None, pad_edge=False)
    for one in rows:
        table.add_row(str(one.pk), one.name, one.activity, one.channel, one.status, str(one.recipients))
    out.print(table if rows else "no campaigns yet")


@app.command()
def size(
    controller: Key,
    activity: Annotated[str, typer.Option("--activity", help="The declared purpose.")],
    channel: Annotated[str, typer.Option("--channel", help="email, sms, post, push or phone.")],
    segment: Annotated[str, typer.Option("--segment", help="Conditions as JSON; {} is everybody.")] = "{}",
    as_json: AsJson = False,
) -> None:
    """Count a set: who would get a campaign now, and why the others would not. Nobody is named."""
    found = controller_of(controller)
    from tillit.outreach.campaigns import figures, queries

    try:
        conditions = json.loads(segment)
    except ValueError:
        raise typer.BadParameter("the segment is no JSON", param_hint="--segment") from None
    size = queries.size(controller=found, activity=activity, channel=channel, segment=conditions)
    told = figures.of_size(size)
    if as_json:
        print(json.dumps({"picked": told.picked, "reached": told.reached, "left_out": told.left_out}))
        return
    out.print(f"{_said(told.picked)} are picked, {_said(told.reached)} of them may be written to", markup=False)
    for reason, number in told.left_out.items():
        out.print(f"{_said(number)} may not: {reason}", markup=False)


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Show how a campaign goes."""
    one = _campaign(number)
    from tillit.outreach.campaigns import figures

    found = figures.shown(campaign=one)
    if as_json:
        said = {"recipients": found.recipients, "waiting": found.waiting, "states": found.states}
        print(json.dumps({"status": one.status, **said, "reasons": found.reasons, "left_out": found.left_out}))
        return
    waiting = _said(found.waiting)
    out.print(f"{one.name}: {one.status}, {found.recipients} recipients, {waiting} waiting", markup=False)
    for state, count in {**found.states, **found.reasons}.items():
        out.print(f"{_said(count)} {state}", markup=False)


@app.command()
def pause(number: Number) -> None:
    """Stop a campaign at once; what waits in the outbox waits, too."""
    _move(number, "paused")


@app.command()
def resume(number: Number) -> None:
    """Let a paused campaign go on."""
    _move(number, "sending")


@app.command()
def cancel(number: Number) -> None:
    """End a campaign; what was not sent is not sent."""
    _move(number, "cancelled")


def _said(number: int | None) -> str:
    return "few" if number is None else str(number)


def _move(number: int, to: str) -> None:
    one = _campaign(number)
    from tillit.kernel.scope import system
    from tillit.outreach.campaigns import operations
    from tillit.outreach.campaigns.models import State

    actor = system("command", {one.controller_id})
    done = operations.move(actor=actor, campaign=one, to=State(to))
    out.print(f"{done.name}: {done.status}", markup=False)


def _campaign(number: int) -> Any:
    ready()
    from tillit.outreach.campaigns.models import Campaign

    found = Campaign.objects.filter(pk=number).select_related("controller").first()
    if found is None:
        raise typer.BadParameter(f"no campaign {number}")
    return found
