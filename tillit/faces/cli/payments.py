"""``tillit payments``: terms of payment, billing and reminders, the bank's files, the books as a file (D8)."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tillit.faces.cli import payouts
from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True)
app.add_typer(payouts.app, name="payouts")
out = console()
Controller = Annotated[str, typer.Option("--controller", help="Key of the controller.")]


@app.command()
def terms(
    controller: Controller,
    account: Annotated[str, typer.Option("--account", help="Bank account that invoices are paid to.")],
    starts: Annotated[str, typer.Option("--from", help="First day; today unless given.")] = "",
    due_days: Annotated[int, typer.Option("--due", help="Days from an invoice to its due day.")] = 14,
    reminders: Annotated[str, typer.Option("--reminders", help="Days after the due day, as 14,28.")] = "14,28",
    fee: Annotated[str, typer.Option("--fee", help="What a reminder costs.")] = "35",
    give_up: Annotated[str, typer.Option("--give-up", help="Period after which what is left is lost.")] = "P3Y",
    cash_most: Annotated[str, typer.Option("--cash-most", help="Largest sum of emergency cash.")] = "5000",
    vat: Annotated[str, typer.Option("--vat", help="VAT that prices hold, per cent.")] = "25",
) -> None:
    """Set the terms of payment from a day on. Invoices keep the terms of the day they were issued."""
    found = controller_of(controller)
    from tillit.kernel import clock
    from tillit.kernel.money import Money
    from tillit.services.terms import keep_terms

    made = keep_terms(
        controller=found,
        starts=date.fromisoformat(starts) if starts else clock.today(),
        account=account,
        due_days=due_days,
        reminder_days=tuple(int(one) for one in reminders.split(",") if one.strip()),
        fee=Money.parse(fee, "NOK", locale="nb").minor,
        give_up=give_up,
        cash_most=Money.parse(cash_most, "NOK", locale="nb").minor,
        vat=Money.parse(vat, "NOK", locale="nb").minor,
    )
    out.print(f"from {made.starts}: due after {made.due_days} days, reminders after {made.reminder_days}", markup=False)


@app.command()
def bill() -> None:
    """Bill what is due, remind and write off, for every controller; what the worker does every morning."""
    ready()
    from tillit.journeys.billing import everywhere

    done = everywhere()
    out.print(f"{done.issued} invoices, {done.reminded} reminders, {done.written_off} written off", markup=False)


@app.command()
def statement(
    file: Annotated[Path, typer.Argument(help="The bank's file: camt.053 or camt.054.")], controller: Controller
) -> None:
    """Take a bank's file in: what was paid with an invoice's KID pays it. Again: nothing more."""
    found = controller_of(controller)
    from tillit.journeys.payments_in import take_in
    from tillit.kernel.scope import system

    taken = take_in(actor=system("command", {found.pk}), controller=found, body=file.read_bytes())
    out.print(f"{taken.new} new, {taken.paid} paid an invoice, {taken.known} known", markup=False)


@app.command(name="follow-up")
def follow_up() -> None:
    """Ask the acquirer about every payment whose outcome is not known; what the worker does every minute."""
    ready()
    from tillit.journeys.payments import follow_up as ask

    out.print(f"{ask()} settled", markup=False)


@app.command()
def books(
    controller: Controller,
    start: Annotated[str, typer.Option("--from", help="First day.")],
    end: Annotated[str, typer.Option("--to", help="The day after the last.")],
    to: Annotated[Path, typer.Option("--file", help="Where the file is written.")],
) -> None:
    """Write the books of a period as CSV (docs/services.md). Taking them out is on record."""
    found = controller_of(controller)
    from tillit.journeys.books import export
    from tillit.kernel.scope import system

    actor = system("command", {found.pk})
    days = {"start": date.fromisoformat(start), "end": date.fromisoformat(end)}
    body = export(actor=actor, controller=found, **days)
    to.write_bytes(body)
    lines = body.count(b"\r\n") - 1
    out.print(f"{to}: {lines} lines", markup=False)
