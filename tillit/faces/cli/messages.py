"""``tillit messages``: what mail servers hand over through a pipe, and how messages fared."""

import sys
from typing import Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

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
    from tillit.declaration.models import Controller
    from tillit.journeys.enquiries.mail_in import take_in

    one = Controller.objects.filter(key=controller).first()
    if one is None:
        raise typer.BadParameter(f"no controller '{controller}'", param_hint="--controller")
    case = take_in(controller=one, raw=sys.stdin.buffer.read(_LARGEST))
    out.print("a machine's mail, left out" if case is None else f"case {case.id}")


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
