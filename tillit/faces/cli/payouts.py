"""``tillit payments payouts``: money to bank accounts, proposed by one and approved by another (D7, D8)."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tillit.faces.cli.ready import controller_of
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Payouts to bank accounts: list, propose, approve, fetch, report.")
out = console()
Controller = Annotated[str, typer.Option("--controller", help="Key of the controller.")]
Staff = Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts (role: finance).")]
Number = Annotated[int, typer.Argument(help="The file's number.")]


@app.command(name="list")
def listed(
    controller: Controller,
    staff: Staff,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What waits, what the bank refused, and the files."""
    here = _here(controller, staff)
    from tillit.journeys import payouts
    from tillit.kernel.money import Money

    found = payouts.desk(**here)
    if as_json:
        rows = {
            part: [
                {"payout": one.id, "of": one.of, "amount": one.amount, "currency": one.currency, "reason": one.reason}
                for one in getattr(found, part)
            ]
            for part in ("waiting", "refused")
        }
        runs = [{"number": one.number, "state": one.state, "count": one.count} for one in found.runs]
        print(json.dumps(rows | {"files": runs}))
        return
    for part in ("waiting", "refused"):
        for one in getattr(found, part):
            amount = Money(one.amount, one.currency).format("en")
            out.print(f"{part} {one.id}: {amount} ({one.of}) {one.reason}".rstrip(), markup=False)
    for run in found.runs:
        out.print(f"file {run.number}: {run.state}, {run.count} payouts", markup=False)


@app.command()
def propose(
    controller: Controller,
    staff: Staff,
    chosen: Annotated[list[int] | None, typer.Argument(help="Numbers of payouts; all that wait unless given.")] = None,
) -> None:
    """Put payouts in a file that another approves."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    wanted = chosen or [one.id for one in payouts.desk(**here).waiting]
    run = payouts.propose(**here, chosen=wanted)
    out.print(f"file {run.number}: {run.count} payouts, to be approved by another", markup=False)


@app.command()
def approve(number: Number, controller: Controller, staff: Staff) -> None:
    """Approve a file that another proposed; the accounts are opened, on record."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    run = payouts.approve(**here, number=number)
    out.print(f"file {run.number}: {run.count} payouts, to be fetched", markup=False)


@app.command()
def drop(number: Number, controller: Controller, staff: Staff) -> None:
    """Do not send a file that was proposed; its payouts wait again."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    payouts.drop(**here, number=number)
    out.print(f"file {number}: dropped", markup=False)


@app.command()
def fetch(
    number: Number,
    to: Annotated[Path, typer.Argument(help="Where the pain.001 is written; readable by you alone.")],
    controller: Controller,
    staff: Staff,
) -> None:
    """Write an approved file, the same bytes every time; each time is on record."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    _, body = payouts.fetch(**here, number=number)
    to.touch(mode=0o600)
    to.chmod(0o600)
    to.write_bytes(body)
    out.print(f"{to}: {len(body)} bytes", markup=False)


@app.command()
def status(
    file: Annotated[Path, typer.Argument(help="The bank's file: pain.002, camt.054 or camt.053.")],
    controller: Controller,
    staff: Staff,
) -> None:
    """Take in what the bank says of payouts. Again: nothing more."""
    here = _here(controller, staff)
    from tillit.journeys import payout_reports

    told = payout_reports.take_report(**here, body=file.read_bytes())
    out.print(f"{told.paid} paid, {told.refused} refused or returned, {told.unknown} not ours", markup=False)


@app.command()
def again(
    payout: Annotated[int, typer.Argument(help="Number of a payout that the bank refused.")],
    controller: Controller,
    staff: Staff,
) -> None:
    """Try a refused payout again; the account number is asked for, or read from standard input."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    account = typer.prompt("Account number", hide_input=True)
    payouts.change(**here, payout_id=payout, act="again", to_account=account)
    out.print(f"payout {payout}: waits again", markup=False)


@app.command()
def cancel(
    payout: Annotated[int, typer.Argument(help="Number of a refund that waits or was refused.")],
    controller: Controller,
    staff: Staff,
) -> None:
    """Take a refund back: the person has it with us again."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    payouts.change(**here, payout_id=payout, act="cancel")
    out.print(f"payout {payout}: cancelled", markup=False)


@app.command()
def release(
    payout: Annotated[int, typer.Argument(help="Number of a payout that waits, held since a restore.")],
    controller: Controller,
    staff: Staff,
) -> None:
    """Say that a payout which a restore holds was not sent, as the account itself shows; two say so."""
    here = _here(controller, staff)
    from tillit.journeys import payouts

    done = payouts.change(**here, payout_id=payout, act="release")
    out.print(f"payout {payout}: {'waits' if done else 'held until another says the same'}", markup=False)


def _here(controller: str, staff: str) -> dict[str, Any]:
    """Who acts at which controller."""
    found = controller_of(controller)
    from tillit.journeys.reception import staff_at

    return {"actor": staff_at(email=staff, controller=found), "controller": found}
