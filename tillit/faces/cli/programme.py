"""``tillit programme``: chains, stores, groups, sources, rates and terms, from a file or one at a time.

Every command can be given again and changes nothing then; `--dry-run` says what would change.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.declaration.loader import Source

app = typer.Typer(no_args_is_help=True, help="Keep chains, stores, product groups, sources, rates and terms.")
rate = typer.Typer(no_args_is_help=True, help="Add, change and end rates.")
app.add_typer(rate, name="rate")
out = console()
MANY = 40

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")]
Chain = Annotated[str, typer.Argument(help="The key of the chain.")]
RateNumber = Annotated[int, typer.Argument(help="Its number, see `tillit programme show`.")]
Moment = Annotated[str, typer.Option("--at", help="2026-03-01 (its midnight) or a time with offset.")]


@app.command()
def show(chain: Annotated[str | None, typer.Option(help="One chain only.")] = None) -> None:
    """Show what there is."""
    ready()
    from tillit.journeys.programme_setup import standing

    lines = [f"{what}: {how}" for what, how in standing().items() if chain is None or chain in what.split()]
    out.print("\n".join(lines) or "nothing yet: tillit programme load", markup=False)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="YAML, see docs/programme.md; or CSV of one chain's stores.")],
    chain: Annotated[str | None, typer.Option(help="Of a CSV file: the chain whose stores it has.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring the system to what a file says: all of it or nothing."""
    ready()
    from tillit.journeys import programme_file

    if file.suffix == ".csv":
        if chain is None:
            raise typer.BadParameter("a CSV file needs it", param_hint="--chain")
        _apply(programme_file.read_stores(file, chain=chain), dry_run)
        return
    setup, source = programme_file.read(file)
    _apply(setup, dry_run, source)


@app.command()
def chain(
    key: Chain,
    name: Annotated[str, typer.Option()],
    controller: Annotated[str, typer.Option(help="The key of its controller.")],
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "NOK",
    dry_run: DryRun = False,
) -> None:
    """Keep a chain, with the terms that its controller has declared."""
    _one(dry_run, chains=[{"key": key, "name": name, "controller": controller, "currency": currency}])


@app.command()
def store(
    chain: Chain,
    number: Annotated[str, typer.Argument(help="What files call it.")],
    name: Annotated[str, typer.Option()],
    place: Annotated[str, typer.Option()] = "",
    dry_run: DryRun = False,
) -> None:
    """Keep a store of a chain."""
    _one(dry_run, chains=[{"key": chain, "stores": [{"number": number, "name": name, "place": place}]}])


@app.command()
def group(
    chain: Chain,
    key: Annotated[str, typer.Argument(help="What files call it.")],
    name: Annotated[str, typer.Option()],
    dry_run: DryRun = False,
) -> None:
    """Keep a product group of a chain."""
    _one(dry_run, chains=[{"key": chain, "product_groups": {key: name}}])


@app.command()
def source(
    key: Annotated[str, typer.Argument(help="The key of the source.")],
    name: Annotated[str, typer.Option()],
    controller: Annotated[str, typer.Option(help="A controller of the register it sends to.")],
    accept_from: Annotated[str, typer.Option(help="The oldest day it may send, 2026-01-01.")],
    clears_within: Annotated[
        int | None, typer.Option(help="Days in which an authorisation clears; default 30.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Keep a sender of purchases."""
    facts = {"key": key, "name": name, "controller": controller, "accept_from": accept_from}
    _one(dry_run, sources=[facts | ({"clears_within": clears_within} if clears_within is not None else {})])


@rate.command(name="add")
def rate_add(
    chain: Chain,
    percent: Annotated[str, typer.Option(help="Of the purchase: 1.5")],
    starts: Annotated[str, typer.Option("--from", help="2026-01-01 (its midnight) or a time with offset.")],
    until: Annotated[str | None, typer.Option(help="The first moment on which it no longer holds.")] = None,
    store: Annotated[str | None, typer.Option(help="One store only.")] = None,
    group: Annotated[str | None, typer.Option(help="One product group only.")] = None,
    weekdays: Annotated[str | None, typer.Option(help="mon,tue,wed,thu,fri,sat,sun")] = None,
    hours: Annotated[str | None, typer.Option(help="Local time of day: 14:00-17:00")] = None,
    mode: Annotated[str, typer.Option(help="set, or add: on top of the rate that is set.")] = "set",
    priority: Annotated[int, typer.Option(help="Among rates of the same place and group, the highest wins.")] = 0,
    dry_run: DryRun = False,
) -> None:
    """Add a rate. A rate is never changed: purchases keep the rate of their time."""
    facts: dict[str, Any] = {"percent": percent, "from": starts, "until": until, "store": store, "product_group": group}
    facts |= {"weekdays": weekdays.split(",") if weekdays else None, "hours": hours, "mode": mode, "priority": priority}
    _one(dry_run, chains=[{"key": chain, "rates": [{key: v for key, v in facts.items() if v is not None}]}])


@rate.command(name="end")
def rate_end(number: RateNumber, at: Moment) -> None:
    """End a rate; earlier purchases keep it."""
    ready()
    from tillit.bonus import rates
    from tillit.journeys import programme_words

    _known(number)
    out.print(f"rate {number}: {programme_words.rate(rates.end(rule_id=number, at=_moment(at)))}", markup=False)


@rate.command(name="change")
def rate_change(
    number: RateNumber,
    percent: Annotated[str, typer.Option(help="What it becomes.")],
    at: Moment,
) -> None:
    """Raise or lower a rate from a moment on: the old one ends then, and a new one takes over."""
    ready()
    from tillit.bonus import rates
    from tillit.journeys import programme_words
    from tillit.journeys.programme_file import RateEntry

    _known(number)
    wanted = _valid(RateEntry, {"percent": percent, "from": "2000-01-01"})
    made = rates.replace(rule_id=number, at=_moment(at), basis_points=int(wanted.percent * 100))
    out.print(f"rate {made.pk}: {programme_words.rate(made)}", markup=False)


@app.command()
def suspend(
    chain: Chain,
    what: Annotated[str, typer.Argument(help="earn or use.")],
    starts: Annotated[str, typer.Option("--from", help="2026-03-01 (its midnight) or a time with offset.")],
    reason: Annotated[str, typer.Option(help="outage, force_majeure, maintenance or security.")],
    until: Annotated[str | None, typer.Option(help="The first moment at which it no longer holds.")] = None,
    parked: Annotated[bool, typer.Option("--parked", help="What is bought meanwhile earns when it is lifted.")] = False,
) -> None:
    """Suspend earning or use of a chain's bonus (C14), and tell its members."""
    ready()
    from tillit.journeys import programme_words, suspending

    made, told = suspending.suspend(
        chain_key=chain,
        what=what,
        starts=_moment(starts),
        ends=_moment(until) if until else None,
        reason=reason,
        parked=parked,
    )
    out.print(f"suspension {made.pk}: {programme_words.suspension(made)}; {told} members told", markup=False)


@app.command()
def lift(number: Annotated[int, typer.Argument(help="Its number, see `tillit programme show`.")]) -> None:
    """Lift a suspension: what was parked earns now, at the rates of its time, and members are told."""
    ready()
    from tillit.journeys import programme_words, suspending

    made, told = suspending.lift(suspension_id=number)
    out.print(f"suspension {made.pk}: {programme_words.suspension(made)}; {told} members told", markup=False)


def _one(dry_run: bool, **parts: Any) -> None:
    ready()
    from tillit.journeys.programme_file import Setup

    _apply(_valid(Setup, parts), dry_run)


def _valid(model: Any, facts: dict[str, Any]) -> Any:
    """The facts, typed; `BadParameter` naming the first that is wrong."""
    from pydantic import ValidationError

    try:
        return model.model_validate(facts)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = next((step for step in reversed(fault["loc"]) if isinstance(step, str)), "")
        raise typer.BadParameter(f"{name}: {fault['msg']}") from None


def _apply(setup: Any, dry_run: bool, source: "Source | None" = None) -> None:
    from tillit.declaration.errors import DeclarationRefusedError, Problem
    from tillit.journeys import programme_setup
    from tillit.kernel import clock

    try:
        changed = programme_setup.apply(setup=setup, on=clock.today(), dry_run=dry_run)
    except programme_setup.SetupRefusedError as refused:
        if source is None:
            raise
        file, line = source.mark(refused.place)
        raise DeclarationRefusedError([Problem(file, line, refused.code, refused.message)]) from None
    for one in changed[:MANY]:
        out.print(one, markup=False)
    if len(changed) > MANY:
        out.print(f"… and {len(changed) - MANY} more")
    if not changed:
        out.print("nothing to change")
    elif dry_run:
        out.print(f"{len(changed)} changes would be made")


def _known(number: int) -> None:
    from tillit.bonus.models import RateRule

    if not RateRule.objects.filter(pk=number).exists():
        raise typer.BadParameter("no rate of that number", param_hint="NUMBER")


def _moment(text: str) -> datetime:
    from tillit.journeys.programme_file import RateEntry, moment

    return moment(_valid(RateEntry, {"percent": 0, "from": text}).starts)
