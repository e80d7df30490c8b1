"""``tillit demo``: the main job on a year of baskets, told step by step."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli.progress import Meter
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console
from tillit.platform import database, paths

if TYPE_CHECKING:
    from tillit.journeys.demo.baskets import Lines
    from tillit.privacy.erasure import Item
    from tillit.purchases.models import Batch

app = typer.Typer()
out = console()
NAMES = {
    "check": "Checking the file",
    "read": "Reading and checking the rows",
    "post": "Matching, rating and posting",
}


@app.command()
def demo(
    households: Annotated[int | None, typer.Option(min=1, help="Only so many households; all when left out.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Remove the embedded database first.")] = False,
) -> None:
    """Declare five controllers, take in a year of baskets as purchases, and do with them what Tillit is for.

    A second run finds everything done and shows it. Exit code 1 when a promise is broken, 2 where other data stands.
    """
    began = time.monotonic()
    database.ensure_running()
    if reset:
        _reset()
    done = subprocess.run([sys.executable, "-m", "tillit.faces.cli", "migrate"], check=False, capture_output=True)
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
        raise typer.Exit(done.returncode)
    ready()
    from tillit.journeys.demo import story

    if other := story.foreign():
        raise typer.BadParameter(f"this database is in use ({other}); --reset empties the embedded one")
    folder = paths.ensure_var() / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    _declared()
    lines = _taken_in(households)
    _lived(lines)
    _gone(lines)
    _answered(lines)
    _registered(households)
    _supplied(households)
    broken = _proven()
    _how_to_go_on(lines)
    out.print(f"\nDone in {time.monotonic() - began:.0f} seconds.")
    if broken:
        raise typer.Exit(1)


def _reset() -> None:
    """Drop the embedded database, and the published ends of its audit chains, which nothing would continue."""
    where = database.place()
    if not where.embedded:
        raise typer.BadParameter("--reset is for the embedded database; empty your own server yourself")
    from psycopg import sql

    from tillit.audit.heads import folder

    with database.connect("admin", name="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(where.name)))
    shutil.rmtree(folder(), ignore_errors=True)


@contextmanager
def _step(title: str) -> Iterator[None]:
    out.print(f"\n[bold]{title}[/bold]")
    began = time.monotonic()
    yield
    out.print(f"  [dim]{time.monotonic() - began:.1f} s[/dim]")


def _say(text: str) -> None:
    out.print(f"  {text}", markup=False)


def _kroner(minor: int) -> str:
    from tillit.kernel.money import Money

    return Money(minor, "NOK").format("en")


def _declared() -> None:
    from tillit.journeys.demo import benefits, story
    from tillit.kernel import clock

    with _step("1. Declarations: checked, published, and from now on enforced"):
        for name, version in story.declare(examples=paths.root() / "examples"):
            _say(f"{name}: version {version}")
        made = benefits.set_up(on=story.anchor(), at=clock.now())
        _say(f"{made} benefits of the unions' programme published, with a frame for each supplier")


def _taken_in(households: int | None) -> "Lines":
    """Members, shops and purchases; what a finished run took in is left as it is."""
    from tillit.journeys.demo import baskets, shops, story
    from tillit.kernel import clock

    day = story.anchor()
    with _step("2. Members, stores, rates and cards of the bonus operator's clubs"):
        lines = baskets.load(anchor=day, households=households)
        made = shops.set_up(lines=lines, anchor=day)
        _say(f"{len(lines.stores)} stores in {len(made.chains)} chains, {len(lines.groups)} product groups")
        _say(f"{made.rates} rates: per chain, store, product group, time of the week and campaign")
        if finished := story.taken_in():
            _say("an earlier run has enrolled the members")
        else:
            with Meter({"enrol": "Members are taken over"}) as meter:
                joined = story.enrol(
                    lines=lines, made=made, progress=lambda count, total: meter.tell("enrol", count, total)
                )
            _say(f"{joined.new} members taken over with {joined.instruments} cards and accounts, {joined.known} known")
        newcomer = story.one_joins(at=clock.now())
        answer = " and ".join(newcomer.controllers)
        _say(f"one more {'joins' if newcomer.new else 'has joined'} on the web; {answer} answer for it together")
    with _step("3. Purchases: from file to posted bonus, each counted once"):
        if finished is None:
            with Meter({"write": "The tills write their file", **NAMES}) as meter:
                path, rows = story.write_file(
                    lines=lines,
                    made=made,
                    folder=paths.var() / "demo",
                    progress=lambda count, total: meter.tell("write", count, total),
                )
                began = time.monotonic()
                report = story.take_in(path=path, progress=meter.tell)
            took = time.monotonic() - began
            finished = report.batch
            _say(f"{rows} rows read and posted in {took:.1f} s; {report.counts.quarantined} set aside:")
            for reason, count in sorted(report.counts.reasons.items()):
                _say(f"    {reason}: {count}")
        assert finished is not None  # noqa: S101 (an import ends with its batch)
        _counted(finished)
    return lines


def _counted(batch: "Batch") -> None:
    _say(
        f"{batch.posted} purchases of members posted, {batch.strangers} of others dropped and only counted,"
        f" {batch.refunds_unmatched} returns wait for their purchase"
    )


def _lived(lines: "Lines") -> None:
    """Expiry, use, correction."""
    from tillit.journeys.demo import story
    from tillit.kernel import clock

    known = sorted(lines.visits)
    with _step("4. Bonus expires, is used, and is corrected"):
        for name, gone in story.expire().items():
            _say(f"expired by today at {name}: {gone.lots} lots, {_kroner(gone.amount)}")
        _say(f"{story.warned(on=clock.today())} lots are near enough their end that members are warned")
        with Meter({"spend": "Members use bonus"}) as meter:
            spent = story.spend(households=known, progress=lambda done, total: meter.tell("spend", done, total))
        _say(f"{spent.people} members used {_kroner(spent.amount)}, each in the chain where it was earned")
        if owing := story.correct(household=_nth(known, 1)):
            _say(f"a correction after use: {owing.name} now shows {_kroner(owing.available)}, repaid by what comes")


def _gone(lines: "Lines") -> None:
    """Leaving, and retention today and when the books lapse."""
    from tillit.faces.cli.retain import summary
    from tillit.journeys.demo import story
    from tillit.kernel import clock

    with _step("5. Members leave; retention runs today, and on the day the books lapse"):
        with Meter({"leave": "Members leave"}) as meter:
            left = story.leave_many(
                households=sorted(lines.visits), progress=lambda done, total: meter.tell("leave", done, total)
            )
        lost = sum(sum(one.forfeited.values()) for one in left)
        _say(f"{len(left)} members left, {_kroner(lost)} of unused bonus fell away")
        later = story.books_lapse(day=story.anchor())
        for day in (clock.today(), later):
            with Meter({"retain": "Disposing"}) as meter:
                run = story.retain(on=day, progress=meter.tell)
            out.print(summary(run))


def _answered(lines: "Lines") -> None:
    """One access request, one erasure."""
    from tillit.journeys.demo import story

    known = sorted(lines.visits)
    with _step("6. One member asks for access"):
        answer = story.answer_access(household=_nth(known, 2))
        if answer:
            rows, parts, path = answer
            _say(f"{rows} rows in {parts} parts, with why, from where, to whom and until when, for a week in")
            _say(f"{path}")
    with _step("7. One member leaves and asks to be erased"):
        erased = story.erase_one(household=_nth(known, 3))
        if erased is None:
            _say("erased in an earlier run; nothing identifies that person any more")
        else:
            out.print(itemised(erased[1]))


def _proven() -> int:
    """The proof of every promise; how many are broken."""
    from tillit.audit.operations import link
    from tillit.faces.cli.prove import sums
    from tillit.privacy.prove.run import prove

    with _step("10. Proof: every promise of every declaration held against the running system"):
        link()
        with Meter({"prove": "Proving"}) as meter:
            proofs = prove(progress=lambda _: meter.tell("prove", 0, 0))
        broken = [proof for proof in proofs if proof.finding.status == "broken"]
        for proof in broken:
            _say(f"BROKEN {proof.promise.controller} {proof.promise.path}: {'; '.join(proof.finding.faults)}")
        out.print(sums(proofs))
        _say("`tillit prove` lists what is not provable yet, and why: what is not built has nothing to show")
    return len(broken)


def _registered(households: int | None) -> None:
    from tillit.journeys.demo import union

    members = union.MEMBERS if households is None else 500
    with _step("8. A union's register: its file, the same again, and the one of a week later"):
        with Meter({**NAMES, "compare": "Comparing", "apply": "Applying"}) as meter:
            made = union.set_up(members=members, folder=paths.var() / "demo", progress=meter.tell)
        if made.first is None or made.again is None or made.later is None:
            _say("an earlier run has taken in the files")
        else:
            _say(f"{made.first.described}: {made.first.difference.joins} joined")
            _say(f"the same file again: {made.again.difference.unchanged} unchanged, nothing was done")
            later = made.later.difference
            aside = made.later.quarantined
            _say(f"a week later: {later.changed} moved house, {later.ending} left, {aside} rows put aside:")
            for one in made.later.rejects:
                _say(f"    line {one.line}, {one.field}: {one.code}")
            now, then = ("valid" if counts else "not valid" for counts in made.counts)
            _say(f"a member's card at a supplier: {now}; a picture of it a minute and a half later: {then}")
            _say(f"chosen on Min side for one who ticked travel and said yes: {', '.join(made.chosen)}")
        _say(f"sign in at {union.UNION.title()} as {union.member_address()}")


def _supplied(households: int | None) -> None:
    from tillit.journeys.demo import power

    with _step("9. Power: homes with readings, prices, insight and alerts"):
        made = power.set_up(count=power.HOMES if households is None else 3, folder=paths.var() / "demo")
        if made.again:
            _say(f"an earlier run has furnished {made.homes} homes")
        else:
            _say(f"{made.homes} customers with points, contracts, tariffs and prices to tomorrow")
            _say(f"{made.values} hourly values stored; {made.months} months divided by purpose")
            _say(f"{made.alerts} alerts given")
        _say(f"sign in at Fjordlys as {made.one}")


def _how_to_go_on(lines: "Lines") -> None:
    from tillit.faces.cli.serve import DEMO_PEOPLE
    from tillit.journeys.demo import power, union
    from tillit.journeys.demo.people import person

    someone = person(_nth(sorted(lines.visits), 2)).applicant
    listed = paths.var() / DEMO_PEOPLE
    listed.touch(mode=0o600)
    people = {"rundtur": someone.email, power.RETAILER: power.customer_address(), union.UNION: union.member_address()}
    listed.write_text("".join(f"{key} {address}\n" for key, address in people.items()), encoding="utf-8")
    out.print("\n[bold]See for yourself[/bold]")
    _say("make serve, then http://127.0.0.1:8000/")
    _say(f"sign in at Rundtur as {someone.email}; the code is mailed into {paths.var() / 'mail'}")


def _nth(households: list[int], place: int) -> int:
    """The `place`-th household that neither spends by rule nor leaves by rule, or the nearest there is."""
    plain = [one for one in households if one % 9 and one % 41] or households
    return plain[min(place, len(plain)) - 1]


def itemised(items: "list[Item]") -> Table:
    """What happened to each part of a person's data."""
    from tillit.declaration.models import Controller as Model

    names = dict(Model.objects.values_list("id", "name"))
    table = Table("controller", "category", "table", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    for column in ("outcome", "by rule", "until"):
        table.add_column(column)
    for item in items:
        until = "" if item.outcome == "erased" else str(item.until or "it ends")
        name = names.get(item.controller_id, "")
        rule = ", ".join(item.hold) or item.rule
        table.add_row(name, item.category, item.table, str(item.rows), item.outcome, rule, until)
    return table
