"""``tillit bonus``: a member's bonus used and corrected by staff, the expiry run, the programme reports."""

import csv
import json
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli import refunds
from tillit.faces.cli.days import bounded
from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console
from tillit.kernel.csv_text import inert

app = typer.Typer(no_args_is_help=True, help="Use, correct and expire bonus, and report on the programmes.")
app.add_typer(refunds.app, name="refunds")
out = console()
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="As of this day; default: today.")]


@app.command()
def expire(
    on: Day = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would expire; change nothing.")] = False,
) -> None:
    """Empty the lots that have expired, in every chain. Run at any time; a second run finds nothing."""
    ready()
    from tillit.bonus.operations import expire_everywhere
    from tillit.kernel import clock
    from tillit.kernel.money import Money
    from tillit.purchases.models import Chain

    day = bounded(on.date(), option="--on", ahead=True) if on else None
    if day is not None and day > clock.today() and not dry_run:
        raise typer.BadParameter("a day to come is for --dry-run", param_hint="--on")
    chains = {chain.pk: chain for chain in Chain.objects.all()}
    table = _table("chain", "lots", "would expire" if dry_run else "expired")
    for done in expire_everywhere(on=day, dry_run=dry_run):
        chain = chains[done.chain_id]
        table.add_row(chain.name, str(done.lots), Money(done.amount, chain.currency).format("en"))
    out.print(table)


@app.command()
def report(
    controller: Annotated[str, typer.Option("--controller", help="A controller's key.")],
    month: Annotated[str | None, typer.Option(help="YYYY-MM; default: the month that last ended.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Report a controller's chains for one month: sales to members, bonus issued, used, expired, and what is owed."""
    ready()
    from tillit.bonus.report_series import ACTIVITY
    from tillit.bonus.reports import reports
    from tillit.kernel.scope import Scope, system

    found = controller_of(controller)
    start, end = _month(month)
    with Scope(system("report", {found.pk}), ACTIVITY) as scope:
        made = reports(scope=scope, start=start, end=end)
    if as_json:
        print(json.dumps([asdict(one) for one in made], default=str, ensure_ascii=False))
        return
    for one in made:
        _show(one)


@app.command()
def share(
    controller: Annotated[str, typer.Option("--controller", help="A controller's key.")],
    to: Annotated[str, typer.Option("--to", help="A recipient that the declaration names for aggregates only.")],
    month: Annotated[str | None, typer.Option(help="YYYY-MM; default: the month that last ended.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of CSV.")] = False,
) -> None:
    """Release a month's sales to a third party: cells of at least the minimum group, the same figures every time."""
    ready()
    from tillit.bonus.report_series import ACTIVITY
    from tillit.bonus.reports import share_sales
    from tillit.disclosure.releases import figures
    from tillit.kernel.scope import Scope, system

    found = controller_of(controller)
    start, end = _month(month)
    with Scope(system("share", {found.pk}), ACTIVITY) as scope:
        made = share_sales(scope=scope, controller_id=found.pk, start=start, end=end, recipient=to)
        rows = [(*cell.labels, cell.people, cell.lines, cell.amount) for cell in figures(made)]
    columns = (*made.breakdown, "people_at_least", "lines", "amount_minor_units")
    if as_json:
        released = [dict(zip(columns, row, strict=True)) for row in rows]
        print(json.dumps({"measure": made.measure, "start": str(start), "end": str(end), "cells": released}))
        return
    writer = csv.writer(sys.stdout, delimiter=";")
    writer.writerows([columns, *([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)])


@app.command()
def settlement(
    chain: Annotated[str, typer.Option("--chain", help="The key of the chain.")],
    month: Annotated[str | None, typer.Option(help="YYYY-MM; default: the month that last ended.")] = None,
) -> None:
    """Print the settlement of a chain's month: what moved in its book, balanced (docs/formats/settlement.md)."""
    ready()
    from tillit.bonus.models import Programme
    from tillit.bonus.report_series import ACTIVITY
    from tillit.journeys.settlement import settle
    from tillit.kernel.scope import Scope, system

    found = Programme.objects.select_related("chain").filter(chain__key=chain).first()
    if found is None:
        raise typer.BadParameter(f"no chain '{chain}'", param_hint="--chain")
    start, _ = _month(month)
    with Scope(system("settlement", {found.chain.controller_id}), ACTIVITY):
        sys.stdout.write(settle(programme=found, month=start).decode())


@app.command()
def reconcile(
    file: Annotated[Path, typer.Argument(help="The bank's file: camt.053 or camt.054.")],
    controller: Annotated[str, typer.Option("--controller", help="Key of the controller whose account it is.")],
    staff: Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts.")],
) -> None:
    """Hold the bank's file against the settlements; every bill that is not paid to the øre, a line each."""
    ready()
    from tillit.journeys import reconciliation
    from tillit.journeys.reception import staff_at
    from tillit.kernel.money import Money

    found = controller_of(controller)
    actor = staff_at(email=staff, controller=found)
    taken = reconciliation.take_in(actor=actor, controller=found, body=file.read_bytes())
    out.print(f"{taken.new} new movements, {taken.known} known, {taken.matched} found their bill", markup=False)
    for one in reconciliation.compared(actor=actor, controller=found):
        if one.lacking:
            bill, lacking = one.bill, Money(one.lacking, one.bill.currency).format("en")
            out.print(f"{bill.chain.key} {bill.month:%Y-%m} {bill.kind} {bill.reference}: {lacking}", markup=False)
    loose = reconciliation.loose(actor=actor, controller=found)
    out.print(f"{len(loose)} movements of no bill", markup=False)


@app.command()
def simulate(
    terms: Annotated[Path, typer.Option(help="A programme file: its rates and offers are tried.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day of purchases.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last.")],
    stacking: Annotated[str | None, typer.Option(help="Try another: best, add or multiply.")] = None,
    available_after: Annotated[
        int | None, typer.Option(min=0, max=90, help="Try another number of days for which bonus waits.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try changed terms on past purchases, posting nothing: bonus now and then by store, and whom it changes for."""
    ready()
    from tillit.journeys import programme_file, terms_preview
    from tillit.kernel.money import Money
    from tillit.purchases.models import Chain

    if stacking not in {None, "best", "add", "multiply"}:
        raise typer.BadParameter("best, add or multiply", param_hint="--stacking")
    setup, _ = programme_file.read(terms)
    found = terms_preview.simulate(
        setup=setup, start=start.date(), end=end.date(), stacking=stacking, available_after=available_after
    )
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    currency = dict(Chain.objects.values_list("key", "currency"))
    out.print(f"{found.purchases} purchases; nothing is posted", markup=False)
    table = _table("chain", "store", "members", "now", "then", "change")
    for one in found.stores:
        told = [Money(amount, currency[one.chain]).format("en") for amount in (one.before, one.after)]
        change = Money(one.after - one.before, currency[one.chain]).format("en")
        table.add_row(one.chain, one.store or "by offers", str(one.members), *told, change)
    out.print(table)
    table = _table("chain", "get less", "the same", "more", "change at 5 %", "25 %", "50 %", "75 %", "95 %")
    for member in found.members:
        spread = [Money(amount, currency[member.chain]).format("en") for amount in member.spread]
        table.add_row(member.chain, str(member.less), str(member.same), str(member.more), *spread)
    out.print(table)
    table = _table("chain", "days it waits", "then", "waiting at the end", "then")
    for wait in found.waits:
        told = [Money(amount, currency[wait.chain]).format("en") for amount in (wait.before, wait.after)]
        table.add_row(wait.chain, str(wait.days_before), str(wait.days_after), *told)
    out.print(table)
    for chain, key, given, budget in found.budgets:
        of = f" of {Money(budget, currency[chain]).format('en')}" if budget else ""
        out.print(f"offer {chain} {key}: {Money(given, currency[chain]).format('en')}{of}", markup=False)


Number = Annotated[int, typer.Argument(help="The member's number.")]
ChainKey = Annotated[str, typer.Option("--chain", help="The key of the chain.")]
Staff = Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts.")]
Reference = Annotated[str, typer.Option(help="Receipt or case; with the same one, it is done once.")]


@app.command()
def use(
    number: Number,
    chain: ChainKey,
    amount: Annotated[str, typer.Option(help="In the major unit: 129.90")],
    reference: Reference,
    staff: Staff,
) -> None:
    """Spend a member's bonus at the till, in the chain where it was earned (role: store)."""
    found, actor = _acting(chain, staff)
    from tillit.journeys import reception
    from tillit.kernel import clock

    left = reception.use_bonus(
        actor=actor, chain=found, subject_id=number, amount=amount, reference=reference, at=clock.now()
    )
    _left(number, left)


@app.command(context_settings={"ignore_unknown_options": True})
def correct(
    number: Number,
    chain: ChainKey,
    amount: Annotated[str, typer.Option(help="What is added, or, with a minus, taken back: -50")],
    reference: Reference,
    reason: Annotated[str, typer.Option(help="A code, such as counted_twice.")],
    staff: Staff,
    on: Day = None,
) -> None:
    """Add or take back bonus that was credited wrongly; the balance may go below zero (role: customer_service).

    What is above one colleague's limit for a member is not corrected but proposed in a case, which another decides.
    `--on`: the day on which the bonus should have arisen, which decides when it expires.
    """
    found, actor = _acting(chain, staff)
    from tillit.journeys import reception
    from tillit.journeys.programme_file import moment
    from tillit.kernel import clock

    if on is not None and on.date() > clock.today():
        raise typer.BadParameter("that day is yet to come", param_hint="--on")
    done = reception.correct_bonus(
        actor=actor,
        chain=found,
        subject_id=number,
        amount=amount,
        reference=reference,
        reason=reason,
        event_at=moment(on.date()) if on else clock.now(),
        at=clock.now(),
    )
    if done.case is not None:
        out.print(f"case {done.case.id}: so much takes two; another of the staff decides it", markup=False)
    _left(number, done.balance)


@app.command()
def claim(
    number: Number,
    chain: ChainKey,
    staff: Staff,
    due: Annotated[datetime | None, typer.Option("--due", formats=["%Y-%m-%d"], help="Default: in 14 days.")] = None,
) -> None:
    """Claim back what a member owes: a case with the letter, and a message (role: customer_service)."""
    found, actor = _acting(chain, staff)
    from tillit.journeys import bonus_claims

    made = bonus_claims.claim(actor=actor, chain=found, subject_id=number, due=due.date() if due else None)
    out.print(f"claim {made.id}: {made.fields['amount']} minor units, due {made.fields['due']}", markup=False)


@app.command()
def paid(
    case: Annotated[int, typer.Argument(help="The number of the claim.")],
    chain: ChainKey,
    amount: Annotated[str, typer.Option(help="In the major unit: 129.90")],
    reference: Reference,
    staff: Staff,
) -> None:
    """Note a payment of a claim; it is settled when nothing is owed any more (role: customer_service)."""
    found, actor = _acting(chain, staff)
    from tillit.journeys import bonus_claims
    from tillit.kernel.money import Money

    minor = Money.parse(amount, found.currency).minor
    given: dict[str, Any] = {"case_id": case, "amount": minor, "reference": reference}
    done = bonus_claims.pay(actor=actor, controller=found.controller, **given)
    became = done.stage if done else "so much takes two; another notes the same amount and reference"
    out.print(f"claim {case}: {became}", markup=False)


def _acting(chain: str, staff: str) -> tuple[Any, Any]:
    ready()
    from tillit.journeys.reception import staff_at
    from tillit.purchases.models import Chain

    found = Chain.objects.select_related("controller").filter(key=chain).first()
    if found is None:
        raise typer.BadParameter(f"no chain '{chain}'", param_hint="--chain")
    return found, staff_at(email=staff, controller=found.controller)


def _left(number: int, balance: Any) -> None:
    from tillit.kernel.money import Money

    told = Money(balance.available, balance.currency).format("en") if balance else "nothing"
    out.print(f"member {number}: {told} left", markup=False)


def _month(text: str | None) -> tuple[date, date]:
    from tillit.kernel import clock

    if text is None:
        end = clock.today().replace(day=1)
        return _before(end), end
    try:
        start = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise typer.BadParameter("a month is YYYY-MM", param_hint="--month") from None
    bounded(start, option="--month")
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def _before(first: date) -> date:
    return first.replace(year=first.year - (first.month == 1), month=(first.month - 2) % 12 + 1)


def _show(report: Any) -> None:
    from tillit.kernel.money import Money

    def money(minor: int) -> str:
        return Money(minor, report.currency).format("en")

    out.print(f"{report.chain_name}, {report.start:%Y-%m}", markup=False)
    table = _table("", "amount")
    for name in (
        "opening",
        "issued",
        "offered",
        "corrected",
        "used",
        "expired",
        "forfeited",
        "written_off",
        "closing",
        "debt",
    ):
        table.add_row(name.replace("_", " "), money(getattr(report, name)))
    out.print(table)
    sales = report.sales
    if sales.total is None:
        out.print("  sales: fewer members than the minimum group\n")
        return
    table = _table("store", "members", "lines", "sales")
    for store in (*sales.stores, sales.total):
        name = f"{store.number} {store.name}".strip() or ("all stores" if store is sales.total else "other stores")
        table.add_row(name, str(store.people), str(store.lines), money(store.amount))
    out.print(table)
    out.print()


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=None, pad_edge=False)
    for name in others:
        table.add_column(name, justify="right")
    return table
