"""``tillit misuse``: signs of misuse with their evidence, and the cases they lead to (C13). People are numbers here."""

from datetime import datetime
from typing import Annotated

import typer

from tillit.faces.cli.ready import controller_of
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True)
out = console()
DATE = ["%Y-%m-%d"]
Controller = Annotated[str, typer.Option("--controller", help="Key of the controller.")]
Staff = Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts.")]


@app.command()
def signs(
    controller: Controller,
    start: Annotated[datetime, typer.Option("--from", formats=DATE, help="The first day of purchases.")],
    end: Annotated[datetime, typer.Option("--to", formats=DATE, help="The day after the last.")],
    volume: Annotated[int, typer.Option(help="Bought above this, in minor units.")] = 300_000_00,
    velocity: Annotated[int, typer.Option(help="Receipts in a day.")] = 15,
    cards: Annotated[int, typer.Option(help="Different cards.")] = 8,
    shared_receipt: Annotated[int, typer.Option(help="Receipts that others have lines of, too.")] = 3,
    refunds: Annotated[int, typer.Option(help="Per cent refunded.")] = 60,
) -> None:
    """Open a case for everybody with signs above the limits who has none open. Nothing follows but that staff look."""
    found = controller_of(controller)
    from tillit.bonus.misuse import Limits
    from tillit.journeys.misuse import raise_signs
    from tillit.journeys.programme_file import moment

    limits = Limits(volume, velocity, cards, shared_receipt, refunds)
    opened = raise_signs(controller=found, start=moment(start.date()), end=moment(end.date()), limits=limits)
    for case in opened:
        out.print(f"case {case.id}: {', '.join(f'{k} {v}' for k, v in case.fields['evidence'].items())}", markup=False)
    out.print(f"{len(opened)} cases opened", markup=False)


@app.command(name="list")
def listed(controller: Controller, staff: Staff) -> None:
    """The open cases, the oldest first (role: administrator)."""
    found = controller_of(controller)
    from tillit.journeys.misuse import queue
    from tillit.journeys.reception import staff_at

    for case in queue(actor=staff_at(email=staff, controller=found), controller=found):
        told = ", ".join(f"{k} {v}" for k, v in case.fields.get("evidence", {}).items())
        out.print(f"case {case.id}: member {case.subject_id}, {case.stage}, {told}", markup=False)


@app.command()
def take(
    case: Annotated[int, typer.Argument(help="The number of the case.")],
    step: Annotated[str, typer.Argument(help="note, heard, explained, decided, claimed, reported, appealed, closed …")],
    controller: Controller,
    staff: Staff,
    text: Annotated[str, typer.Option(help="The words of it; a decision has its reason.")] = "",
    outcome: Annotated[str, typer.Option(help="Of a decision: cleared, warned or terminated.")] = "",
) -> None:
    """Take a step in a case: hear the person, decide, claim, report, take in an appeal (role: administrator)."""
    found = controller_of(controller)
    from tillit.journeys.misuse import take as do
    from tillit.journeys.reception import staff_at

    actor = staff_at(email=staff, controller=found)
    done = do(actor=actor, controller=found, case_id=case, step=step, text=text, outcome=outcome)
    out.print(f"case {done.id}: {done.outcome or done.stage}", markup=False)
