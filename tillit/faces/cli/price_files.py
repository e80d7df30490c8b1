"""``tillit import prices|tariffs|temperatures``: dated reference rows of power (E3, E4)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tillit.faces.cli.ready import ready

if TYPE_CHECKING:
    from tillit.power.prices.operations import Taken

out = Console(highlight=False, soft_wrap=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what the file would do; store nothing.")]
Correct = Annotated[bool, typer.Option("--correct", help="Replace rows that stand with other values.")]


def prices(
    file: Annotated[Path, typer.Argument(help="CSV or JSON, see docs/power.md.")],
    area: Annotated[str, typer.Option("--area", help="The price area of rows that do not say, such as NO1.")] = "",
    preliminary: Annotated[bool, typer.Option("--preliminary", help="Rows that do not say are preliminary.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Take in spot prices, whole days of quarters or hours. The same file again changes nothing.

    Exit code 2: the file was refused and nothing of it is in.
    """
    ready()
    from tillit.kernel import clock
    from tillit.power.prices.models import Vintage
    from tillit.power.prices.series_file import take_prices

    vintage = Vintage.PRELIMINARY if preliminary else Vintage.FINAL
    _say(take_prices(path=file, at=clock.now(), area=area, vintage=vintage, dry_run=dry_run), "days", dry_run=dry_run)


def tariffs(
    file: Annotated[Path, typer.Argument(help="YAML or JSON, see docs/power.md.")],
    correct: Correct = False,
    dry_run: DryRun = False,
) -> None:
    """Take in taxes, schemes, holidays, grid tariffs and plans. The same file again changes nothing.

    Exit code 2: the file was refused and nothing of it is in.
    """
    ready()
    from tillit.kernel import clock
    from tillit.power.prices.operations import take_tariffs

    _say(take_tariffs(path=file, at=clock.now(), correct=correct, dry_run=dry_run), "rows", dry_run=dry_run)


def temperatures(
    file: Annotated[Path, typer.Argument(help="CSV or JSON, see docs/power.md.")],
    correct: Correct = False,
    dry_run: DryRun = False,
) -> None:
    """Take in mean temperatures of places, a row a day. The same file again changes nothing.

    Exit code 2: the file was refused and nothing of it is in.
    """
    ready()
    from tillit.kernel import clock
    from tillit.power.prices.series_file import take_temperatures

    _say(take_temperatures(path=file, at=clock.now(), correct=correct, dry_run=dry_run), "days", dry_run=dry_run)


def _say(taken: "Taken", what: str, *, dry_run: bool) -> None:
    known = f"{taken.known} known before"
    out.print(f"{taken.rows} {what}: {taken.new} new, {len(taken.replaced)} corrected, {known}", markup=False)
    for one in taken.replaced[:20]:
        out.print(f"  {one['row']}", markup=False)
    if dry_run:
        out.print("Dry run: nothing was stored.")
