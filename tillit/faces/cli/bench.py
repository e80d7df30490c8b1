"""``tillit bench``: what a mechanism costs, beside yardsticks measured in the same run."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli.ready import ready

if TYPE_CHECKING:
    from tillit.journeys.bench import Result

app = typer.Typer(no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="One object: name, ratios, figures, bound_by.")]


@app.callback()
def benches() -> None:
    """Measure, in databases of their own on this server, removed afterwards."""


@app.command()
def intake(
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the file, 40 % of them non-members'.")] = 500_000,
    members: Annotated[int, typer.Option(min=100, help="Members, each with bonus in three chains.")] = 200_000,
    more: Annotated[int, typer.Option(min=1, help="A second file has so many times the rows; 1: none.")] = 10,
    hordak: Annotated[bool, typer.Option("--hordak/--no-hordak", help="The one-by-one sample beside it.")] = True,
    as_json: AsJson = False,
) -> None:
    """Purchases a second from file to posted bonus, beside bare COPY and beside Hordak."""
    with _place("tillit_bench_hordak" if hordak else None):
        from tillit.journeys.bench import intake as bench

        result = bench.run(rows=rows, members=members, more=more, hordak=hordak, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def visits(
    seconds: Annotated[float, typer.Option(min=1, help="How long views are taken in.")] = 10,
    views: Annotated[int, typer.Option(min=10_000, help="Views of the year that is shown.")] = 10_000_000,
    as_json: AsJson = False,
) -> None:
    """Views stored a second, what a kill loses, and a year of views shown."""
    with _place():
        from tillit.journeys.bench import visits as bench
        from tillit.journeys.bench import world

        world.publish_examples()
        result = bench.run(seconds=seconds, views=views, key="rundtur", tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def purpose(
    records: Annotated[int, typer.Option(min=1000, help="Records, ten a person.")] = 100_000,
    operations: Annotated[int, typer.Option(min=100, help="Operations of each mix.")] = 5_000,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each mix on each table; the median counts.")] = 3,
    as_json: AsJson = False,
) -> None:
    """What purpose limitation costs: GDPRbench's mixes on a bare table, an indexed one, and one under row security."""
    with _place():
        from tillit.journeys.bench import purpose as bench

        result = bench.run(records=records, operations=operations, runs=runs, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def retention(
    rows: Annotated[int, typer.Option(min=1000, help="Rows, ten a person, one in a hundred due.")] = 10_000_000,
    as_json: AsJson = False,
) -> None:
    """Everything due disposed of, beside a DELETE written by hand for these rows."""
    with _place():
        from tillit.journeys.bench import retention as bench

        result = bench.run(rows=rows, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def rights(
    people: Annotated[int, typer.Option(min=100, help="Members, ten facts each.")] = 10_000,
    more: Annotated[int, typer.Option(min=1, help="Then so many times as many, to show growth; 1: no more.")] = 100,
    sample: Annotated[int, typer.Option(min=10, help="Requests of each kind.")] = 200,
    assist: Annotated[Path | None, typer.Option(help="A Python that has Django and django-gdpr-assist.")] = None,
    as_json: AsJson = False,
) -> None:
    """Access and erasure requests a minute, beside a loop written by hand and, with --assist, django-gdpr-assist."""
    with _place("tillit_bench_assist" if assist else None):
        from tillit.journeys.bench import rights as bench

        result = bench.run(people=people, more=more, sample=sample, assist=assist, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def redeem(
    people: Annotated[int, typer.Option(min=100, help="Members; three in ten have bonus in the chain.")] = 20_000,
    seconds: Annotated[float, typer.Option(min=1, help="How long each of the three ways is measured.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Vouchers made and used by 16 clients on one chain, by operations and by the API, beside bare transactions."""
    with _place():
        from tillit.journeys.bench import redeem as bench

        result = bench.run(people=people, seconds=seconds, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def balance(
    people: Annotated[int, typer.Option(min=100, help="Members, each with bonus in three chains.")] = 1_000,
    each: Annotated[int, typer.Option(min=2, help="Transfers of a member in each chain to begin with.")] = 10,
    steps: Annotated[int, typer.Option(min=2, max=4, help="Sizes, each ten times the one before.")] = 3,
    sample: Annotated[int, typer.Option(min=20, help="Members asked at each size.")] = 500,
    sizes: Annotated[
        str, typer.Option(help="Members at each size, as 100000,1000000: --each stays, people grow.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """The balance of a member as the ledger grows, in history or in members, beside adding up the member's history."""
    wanted = [int(one) for one in sizes.split(",") if one.strip().isdigit()]
    if sizes and (
        len(wanted) < 2 or wanted != sorted(set(wanted)) or wanted[0] < 100 or sizes.count(",") >= len(wanted)
    ):
        raise typer.BadParameter("two sizes or more, growing, from 100 on", param_hint="--sizes")
    with _place():
        from tillit.journeys.bench import balance as bench

        result = bench.run(people=people, each=each, steps=steps, sample=sample, sizes=wanted, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def register(
    members: Annotated[int, typer.Option(min=1000, help="Members of the union whose file it is.")] = 1_000_000,
    as_json: AsJson = False,
) -> None:
    """A union's register from a file: first load, unchanged repeat, 2 % changed, beside bare COPY."""
    with _place():
        from tillit.journeys.bench import register as bench

        result = bench.run(members=members, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def readings(
    points: Annotated[int, typer.Option(min=2, help="Metering points, each with its customer.")] = 500,
    days: Annotated[int, typer.Option(min=2, max=700, help="Days of hourly values.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Meter values a second from file to stored, CSV and JSON, beside polars and bare COPY; bytes a value on disk."""
    with _place():
        from tillit.journeys.bench import readings as bench

        result = bench.run(points=points, days=days, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def audience(
    people: Annotated[int, typer.Option(min=1000, help="Members with consents and interests.")] = 1_000_000,
    as_json: AsJson = False,
) -> None:
    """A campaign's set by consent, objection and three conditions, beside the same SQL by hand."""
    with _place():
        from tillit.journeys.bench import audience as bench

        result = bench.run(count=people, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def send(
    recipients: Annotated[int, typer.Option(min=100, help="Members, seven in ten of whom said yes.")] = 200_000,
    as_json: AsJson = False,
) -> None:
    """A campaign to a local mail server: messages a second and peak memory, beside bare SMTP."""
    with _place():
        from tillit.journeys.bench import send as bench

        result = bench.run(recipients=recipients, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def cards(
    people: Annotated[int, typer.Option(min=64, help="Members, each with a card.")] = 1_000,
    seconds: Annotated[float, typer.Option(min=1, max=20, help="How long each of the two ways is measured.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Membership cards verified by 32 clients, beside bare look-ups by primary key."""
    with _place():
        from tillit.journeys.bench import cards as bench

        result = bench.run(people=people, seconds=seconds, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def cost(
    points: Annotated[int, typer.Option(min=100, help="Metering points, a value an hour.")] = 100_000,
    pages: Annotated[int, typer.Option(min=20, max=1000, help="How often the page of a year is opened.")] = 200,
    two_years: Annotated[
        bool, typer.Option("--two-years", help="Of every point (some 25 GB at 100,000), not only of the pages'.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A month's bills at many metering points, beside the same arithmetic in bare numpy; and the page of a year."""
    with _place():
        from tillit.journeys.bench import cost as bench

        result = bench.run(points=points, pages=pages, two_years=two_years, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def pages(
    people: Annotated[int, typer.Option(min=100, help="Members.")] = 200_000,
    visits: Annotated[int, typer.Option(min=5, help="Visits of one client to each page.")] = 200,
    seconds: Annotated[float, typer.Option(min=1, help="How long 32 clients come to each kind of page.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Pages through the server they are served by: one client, 32 clients, and what a first visit transfers."""
    with _place():
        from tillit.faces.bench import pages as bench

        result = bench.run(people=people, visits=visits, seconds=seconds, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def comparison(
    points: Annotated[int, typer.Option(min=100, help="Homes, a value an hour for a month.")] = 100_000,
    as_json: AsJson = False,
) -> None:
    """A night in which the homes of a month are put in groups of similar ones, beside adding up the same values."""
    with _place():
        from tillit.journeys.bench import comparison as bench

        result = bench.run(points=points, tell=_tell)
    _say(result, as_json=as_json)


@app.command()
def breakdown(
    homes: Annotated[int, typer.Option(min=10, help="Homes whose parts are known, a year each.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Number of the first home: others for each number.")] = 10_000,
    samples: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Instead: the folder of samples of `opendsm`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How wrong the breakdown of power use is, on homes whose parts are known, beside a guess."""
    from tillit.journeys.bench import breakdown as bench
    from tillit.journeys.bench import samples as labelled

    found = labelled.run(folder=samples, tell=_tell) if samples else bench.run(homes=homes, seed=seed, tell=_tell)
    _say(found, as_json=as_json)


@contextmanager
def _place(other: str | None = None) -> Iterator[None]:
    """In a database of the bench's own with tables and rules; `other`: an empty one for a yardstick."""
    os.environ["TILLIT_DATABASE_NAME"] = "tillit_bench"
    ready()
    from django.db import connections

    from tillit.journeys.bench import place

    with place.prepared(place.DATABASE, *([other] if other else [])):
        place.migrate()
        yield
        connections.close_all()


def _tell(what: str) -> None:
    notes.print(what, markup=False)


def _say(result: "Result", *, as_json: bool) -> None:
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
