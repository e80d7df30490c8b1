"""``tillit bonus refunds``: refunds that wait for somebody to say which purchase they take back."""

import json
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="List, settle and dismiss refunds whose purchase is not known.")
out = console()
Refund = Annotated[int, typer.Argument(help="The refund's number in the list.")]
Club = Annotated[str, typer.Option("--controller", help="A controller's key.")]
Staff = Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts.")]


@app.command(name="list")
def list_refunds(
    controller: Club,
    staff: Staff,
    page: Annotated[int, typer.Option(min=1, help="25 a page.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the refunds that wait, the oldest first, each with the purchases it may be of; the look is recorded."""
    found, actor = _acting(controller, staff)
    from tillit.journeys import refunds

    listed = refunds.queue(actor=actor, controller=found, page=page)
    if as_json:
        rows = [_facts(one) | {"candidates": [_facts(other) for other in others]} for one, others in listed.rows]
        print(json.dumps({"waiting": listed.total, "refunds": rows}, default=str, ensure_ascii=False))
        return
    for one, others in listed.rows:
        table = Table(
            "",
            f"refund {one.id} of member {one.subject_id}",
            "store",
            "receipt",
            "amount",
            box=None,
            pad_edge=False,
        )
        table.add_row("", *_cells(one, "waits for its purchase" if one.named else one.product))
        for other in others:
            table.add_row("of?", *_cells(other, str(other.purchase_id)))
        out.print(table)
        out.print()
    out.print(f"{listed.total} refunds wait.")


@app.command()
def settle(
    refund: Refund,
    controller: Club,
    staff: Staff,
    purchase: Annotated[UUID | None, typer.Option(help="One of the purchases listed with the refund.")] = None,
    line: Annotated[str | None, typer.Option(help="The sender's id of the line that was sold, whoever bought.")] = None,
) -> None:
    """Say which purchase a refund takes back; its bonus is taken back at once."""
    if (purchase is None) == (line is None):
        raise typer.BadParameter("give either --purchase or --line")
    found, actor = _acting(controller, staff)
    from tillit.journeys import refunds

    done = refunds.settle(actor=actor, controller=found, refund_id=refund, purchase_id=purchase, line=line)
    out.print(f"refund {refund}: {'settled' if done else 'so much takes two; another says that it is of the same'}")


@app.command()
def dismiss(
    refund: Refund,
    controller: Club,
    staff: Staff,
    reason: Annotated[str, typer.Option(help="earned_nothing, before_membership, counted_already or not_found")],
) -> None:
    """Say that a refund takes nothing back."""
    found, actor = _acting(controller, staff)
    from tillit.journeys import refunds
    from tillit.kernel import clock

    done = refunds.dismiss(actor=actor, controller=found, refund_id=refund, reason=reason, at=clock.now())
    out.print(
        f"refund {refund}: {'dismissed' if done else 'so much takes two; another dismisses it for the same reason'}"
    )


def _acting(controller: str, staff: str) -> tuple[Any, Any]:
    ready()
    from tillit.journeys.reception import staff_at

    found = controller_of(controller)
    return found, staff_at(email=staff, controller=found)


def _facts(one: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: value for name, value in asdict(one).items() if name not in {"controller_id", "batch_id"}}


def _cells(one: Any, what: str) -> tuple[str, str, str, str]:
    from tillit.kernel import clock
    from tillit.kernel.money import Money

    at = one.event_at.astimezone(ZoneInfo(clock.DEFAULT_ZONE))
    return (
        f"{at:%Y-%m-%d %H:%M} {what}",
        f"{one.store} {one.place}".strip(),
        one.receipt,
        Money(one.amount, one.currency).format("en"),
    )
