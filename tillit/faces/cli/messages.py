"""``tillit messages``: what mail servers hand over through a pipe, and how messages fared."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli.members import acting
from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.messages.models import LetterBatch

letters = typer.Typer(no_args_is_help=True, help="Addressed post: batches to fetch and to say are sent.")
app = typer.Typer(no_args_is_help=True, help="Take in what mail servers send back, and mail to customer service.")
out = console()
_LARGEST = 30_000_000


@app.command()
def bounce() -> None:
    """Take in a report from standard input: RFC 3464 (undelivered) or RFC 5965 (unwanted). Dead addresses are removed.

    Exit code 0 also for a report of a message that is long gone; 1 for a mail that is no report, so that a mail server
    can put it elsewhere.
    """
    ready()
    from tillit.journeys import message_reports
    from tillit.kernel import clock

    done = message_reports.mail(raw=sys.stdin.buffer.read(_LARGEST), at=clock.now())
    out.print(
        f"hard {done.hard}, addresses removed {done.removed}, soft {done.soft}, delivered {done.delivered},"
        f" unwanted {done.complaints}, of nobody here any more {done.unknown}"
    )


@app.command()
def receive(
    controller: Annotated[str, typer.Option("--controller", help="Whose customer service the mail is to.")],
) -> None:
    """Take in a mail to customer service from standard input: into the case it answers, else into a new enquiry."""
    ready()
    from tillit.journeys.enquiries.mail_in import take_in

    one = controller_of(controller)
    case = take_in(controller=one, raw=sys.stdin.buffer.read(_LARGEST))
    out.print("a machine's mail, left out" if case is None else f"case {case.id}")


@app.command()
def dkim(
    controller: Annotated[str, typer.Option("--controller", help="Whose mail is signed.")],
    new: Annotated[bool, typer.Option("--new", help="Make a key; the one before signs no more.")] = False,
) -> None:
    """The key that signs a controller's mail: the TXT record for DNS. Exit code 1 where there is none."""
    one = controller_of(controller)
    from tillit.messages import dkim as keys
    from tillit.messages.models import DkimKey

    row = keys.make(controller=one) if new else DkimKey.objects.filter(controller=one, retired_at__isnull=True).first()
    if row is None:
        out.print("no key: --new makes one")
        raise typer.Exit(1)
    out.print(keys.zone_line(row), markup=False, soft_wrap=True)


@app.command()
def standing() -> None:
    """How many messages wait, were sent, arrived, failed or were withheld, a controller, channel and reason."""
    ready()
    from tillit.declaration.models import Controller
    from tillit.kernel.scope import Scope, system
    from tillit.messages.queries import standing as counted

    table = Table("Controller", "Channel", "State", "Reason", "Messages", "Arrived")
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("key"):
        with Scope(system("messages", {controller.pk}), "proof"):
            for row in counted(controller_id=controller.pk):
                table.add_row(controller.key, row.channel, row.state, row.reason, str(row.count), str(row.arrived))
    out.print(table)


app.add_typer(letters, name="letters")
Controller = Annotated[str, typer.Option("--controller", help="Whose letters.")]
Staff = Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts.")]
Number = Annotated[int, typer.Argument(help="The batch, as listed.")]


@letters.command("list")
def list_letters() -> None:
    """The batches: how many letters, when they were gathered, fetched and sent."""
    ready()
    from tillit.declaration.models import Controller as Model
    from tillit.messages.models import LetterBatch

    names = dict(Model.objects.values_list("id", "key"))
    table = Table("Batch", "Controller", "Letters", "Gathered", "Fetched", "Sent")
    for one in LetterBatch.objects.order_by("-id")[:100]:
        moments = (
            f"{moment:%Y-%m-%d %H:%M}" if moment else "" for moment in (one.made_at, one.fetched_at, one.sent_at)
        )
        table.add_row(str(one.pk), names.get(one.controller_id, ""), str(one.letters), *moments)
    out.print(table)


@letters.command()
def collect() -> None:
    """Gather what waits into batches now; the worker does it every morning."""
    ready()
    from tillit.messages.letters import operations

    out.print(f"{operations.collect()} letters gathered")


@letters.command()
def fetch(
    batch: Number,
    controller: Controller,
    staff: Staff,
    to: Annotated[Path, typer.Option("--out", help="The ZIP to write: letters.pdf and addresses.csv.")],
) -> None:
    """Write a batch as PDF with its address file, for the printer; who may not be written to any more is left out."""
    at, actor = acting(controller, staff)
    from tillit.kernel import clock
    from tillit.messages.letters import operations

    done = operations.fetch(actor=actor, batch=_batch(batch, at.pk), at=clock.now())
    with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(done.body)
    out.print(f"{to}: {done.letters} letters, {done.left_out} left out", markup=False)


@letters.command()
def sent(batch: Number, controller: Controller, staff: Staff) -> None:
    """Say that a fetched batch is with the post: its messages are settled as sent."""
    at, actor = acting(controller, staff)
    from tillit.kernel import clock
    from tillit.messages.letters import operations

    out.print(f"{operations.sent(actor=actor, batch=_batch(batch, at.pk), at=clock.now())} letters sent")


def _batch(number: int, controller_id: int) -> "LetterBatch":
    from tillit.messages.models import LetterBatch

    found = LetterBatch.objects.filter(pk=number, controller_id=controller_id).first()
    if found is None:
        raise typer.BadParameter(f"no batch {number} of this controller")
    return found
