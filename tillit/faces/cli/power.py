"""``tillit power``: a month's bills of every metering point as a file (E3)."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tillit.faces.cli.progress import Meter
from tillit.faces.cli.ready import controller_of
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True)
out = console()


@app.callback()
def power() -> None:
    """What power costs. `tillit import prices|tariffs|readings` takes in what it is computed from."""


@app.command()
def bills(
    to: Annotated[Path, typer.Argument(help="Where the CSV file is written; readable by you alone.")],
    controller: Annotated[str, typer.Option("--controller", help="The power retailer's key.")],
    month: Annotated[str, typer.Option("--month", help="A month that is over, as 2026-03.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="A bar; default: on a terminal.")
    ] = None,
) -> None:
    """Compute the bills of a month at every metering point, the amounts that customers are shown (docs/power.md).

    Taking them out is on record. Points without a cost are in the file with the reason.
    """
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        raise typer.BadParameter("a month is written 2026-03", param_hint="--month")
    found = controller_of(controller)
    from tillit.journeys.power_bills import export
    from tillit.kernel.money import Money
    from tillit.kernel.scope import system

    part = to.with_name(f".{to.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        with (
            Meter({"bills": "Bills"}, bar=progress) as meter,
            part.open("w", encoding="utf-8-sig", newline="") as sheet,
        ):
            done = export(
                actor=system("command", {found.pk}),
                controller=found,
                month=date.fromisoformat(f"{month}-01"),
                to=sheet,
                tell=lambda some, all_: meter.tell("bills", some, all_),
            )
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        facts = {"points": done.points, "bills": done.bills, "wh": done.wh, "total_ore": done.total}
        print(json.dumps(facts | {"preliminary_wh": done.preliminary, "without": dict(done.without)}))
        return
    total = Money(done.total, "NOK").format("en")
    out.print(f"{to}: {done.bills} bills of {done.points} points, {done.wh // 1000} kWh, {total}", markup=False)
    if done.preliminary:
        out.print(f"{done.preliminary // 1000} kWh are at preliminary prices", markup=False)
    for reason, count in sorted(done.without.items()):
        out.print(f"without a cost ({reason}): {count}", markup=False)
