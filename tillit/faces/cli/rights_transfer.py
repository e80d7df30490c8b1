"""``tillit rights invite``, ``transfer`` and ``bring-in``: data goes with the person to another controller (H6)."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli.people import Controller, Email, Phone, Subject, person
from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    pass

out = console()
Yes = Annotated[bool, typer.Option("--yes", help="The person has seen it and said yes: do not ask.")]
LARGEST = 200 * 1024 * 1024


def invite(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    to: Annotated[Path, typer.Option("--out", help="The invitation to write.")] = Path("invitation.json"),
) -> None:
    """At the receiver: an invitation that the person gives to the controller who holds the data now."""
    ready()
    from tillit.journeys import transfer
    from tillit.privacy import envelope

    found, actor = person(subject, controller, email or phone)
    _write(to, transfer.invite(actor=actor, controller=controller_of(controller), subject_id=found))
    out.print(f"{to}: good for {transfer.LASTS.days} days")
    out.print(f"Our fingerprint: {envelope.fingerprint(envelope.signing_key())}")


def transfer(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    invitation: Annotated[Path, typer.Option("--invitation", help="The receiver's.")] = Path("invitation.json"),
    to: Annotated[Path, typer.Option("--out", help="The sealed package to write.")] = Path("package.tillit"),
    lang: Annotated[str, typer.Option("--lang", help="nb or en.")] = "nb",
    yes: Yes = False,
) -> None:
    """At the sender: what was collected on consent or a contract, sealed for the receiver that the person names."""
    ready()
    from tillit.journeys import transfer as journey
    from tillit.privacy import envelope, portable

    found, actor = person(subject, controller, email or phone)
    here = controller_of(controller)
    letter, package = journey.prepare(
        actor=actor, controller=here, subject_id=found, invitation=_read(invitation), language=lang
    )
    receiver = letter.receiver
    out.print(f"To {receiver.name}, {receiver.organisation_number} ({receiver.country})", markup=False)
    out.print(f"Receiver's fingerprint: {envelope.fingerprint(letter.key)}")
    table = Table("category", "rows", box=None, pad_edge=False)
    for name, rows in portable.described(lang, package, here.pk):
        table.add_row(name, str(rows))
    out.print(table)
    if not yes:
        typer.confirm("Does the person want this sent?", abort=True)
    _write(to, journey.send(actor=actor, controller=here, invitation=letter, package=package, subject_id=found))
    out.print(f"{to}: {len(package.facts)} facts; our fingerprint: {envelope.fingerprint(envelope.signing_key())}")


def bring_in(
    file: Annotated[Path, typer.Argument(help="The sealed package.")],
    fingerprint: Annotated[str, typer.Option("--fingerprint", help="The sender's, as the sender told it.")],
    yes: Yes = False,
) -> None:
    """At the receiver: show what a package would change, and take it in when the person has said yes."""
    ready()
    from tillit.declaration.models import Controller as Model
    from tillit.journeys import transfer as journey
    from tillit.kernel.scope import system

    arrival = journey.arrived(_read(file))
    sender = arrival.package.sender
    out.print(f"From {sender.name}, {sender.organisation_number}, for subject {arrival.subject_id}", markup=False)
    table = Table("fact", "value", "what happens", "now", box=None, pad_edge=False)
    for one in arrival.proposals:
        happens = f"not taken: {one.because}" if one.because else one.outcome
        table.add_row(one.kind, one.value, happens.replace("_", " "), one.before)
    out.print(table)
    if not yes:
        typer.confirm("Does the person want this taken in?", abort=True)
    register = arrival.controller.register_id
    actor = system("rights", Model.objects.filter(register_id=register).values_list("id", flat=True))
    taken = journey.accept(actor=actor, arrival=arrival, fingerprint=fingerprint)
    out.print(f"{taken} facts taken in")


def add_to(app: typer.Typer) -> None:
    """Make these commands of ``tillit rights``."""
    app.command()(invite)
    app.command()(transfer)
    app.command(name="bring-in")(bring_in)


def _read(path: Path) -> bytes:
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise typer.BadParameter(f"{path} is no file of at most 200 MB")
    return path.read_bytes()


def _write(path: Path, body: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
