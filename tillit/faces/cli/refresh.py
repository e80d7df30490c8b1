"""``tillit refresh``: facts checked against registers outside, now instead of by the worker."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Check what is held against registers outside.")
out = console()
Only = Annotated[str | None, typer.Option("--controller", help="One controller's key; else all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def group() -> None:
    """Check what is held against registers outside."""


@app.command()
def population(
    controller: Only = None,
    as_json: AsJson = False,
) -> None:
    """Read the population register's events and ask about whom they concern (docs/registers.md).

    Exits 1 when the register failed: what was done stands, and the next run goes on from there.
    """
    _refresh("population_register", controller, as_json=as_json)


@app.command()
def addresses(
    controller: Only = None,
    as_json: AsJson = False,
) -> None:
    """Look people up in number and address registers, once a year each (docs/registers.md).

    Exits 1 when the register failed: what was done stands, and the next run goes on from there.
    """
    _refresh("address_register", controller, as_json=as_json)


def _refresh(key: str, controller: str | None, *, as_json: bool) -> None:
    ready()
    from tillit.journeys.population import Refreshed, refresh
    from tillit.registers.client import named
    from tillit.registers.sources import SOURCES, controllers

    source = SOURCES[key]
    chosen = [one for one in controllers(source) if controller in (None, one.key)]
    if not chosen:
        raise typer.BadParameter(f"no declaration grounds a check against the {key.replace('_', ' ')}")
    register = named(source)

    def progress(run: Refreshed) -> None:
        if out.is_terminal and not as_json:
            out.print(f"{run.controller}: {run.events} events, {run.asked} people", end="\r", markup=False)

    done = [refresh(controller=one, register=register, source=source, progress=progress) for one in chosen]
    if as_json:
        print(json.dumps({"controllers": [asdict(one) for one in done]}))
    else:
        for one in done:
            out.print(_line(one), markup=False)
    if any(one.failure for one in done):
        raise typer.Exit(1)


@app.command(name="market-hub")
def market_hub(
    controller: Only = None,
    as_json: AsJson = False,
) -> None:
    """Send what is due to the power market's hub and carry out what it says (docs/market-hub.md).

    Exits 1 when the hub failed: what was done stands, and the next run goes on from there.
    """
    ready()
    from tillit.journeys.market_hub import controllers, exchange
    from tillit.power.hub.client import named

    hubs = [(one, named(one)) for one in controllers() if controller in (None, one.key)]
    done = [exchange(controller=one, hub=hub) for one, hub in hubs if hub is not None]
    if not done:
        raise typer.BadParameter("no declaration and installation name a market hub (TILLIT_MARKET_HUB_…)")
    if as_json:
        print(json.dumps({"controllers": [asdict(one) for one in done]}))
    for one in () if as_json else done:
        said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(one.outcomes.items()))
        line = f"{one.controller}: {one.sent} requests sent, {one.read} messages read, {one.waiting} messages wait"
        line += f" ({said})" if said else ""
        out.print(line + (f"; stopped: {one.failure}" if one.failure else ""), markup=False)
    if any(one.failure for one in done):
        raise typer.Exit(1)


def _line(done: Any) -> str:
    parts = [f"{number} {outcome.replace('_', ' ')}" for outcome, number in sorted(done.outcomes.items())]
    said = f"{done.controller}: {done.events} events, {done.asked} people asked about"
    said += f" ({', '.join(parts)})" if parts else ""
    return said + (f"; stopped: {done.failure}" if done.failure else "")
