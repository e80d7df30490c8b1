"""``tillit rights``: the queue of requests and what is done with them; access and erasure in one go.

Whoever runs it has made sure of who asks (H8). A person is named by subject id, or by e-mail or phone in a
controller's register.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tillit.faces.cli import rights_cases, rights_transfer
from tillit.faces.cli.people import Controller, Email, Phone, Subject, person
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.declaration.models import Controller as Model

app = typer.Typer(no_args_is_help=True, help="Answer requests about a person's rights.")
rights_cases.add_to(app)
rights_transfer.add_to(app)
out = console()

GROUNDS = ("no_longer_needed", "consent_withdrawn", "objection", "unlawful")


How = Annotated[str, typer.Option("--verified", help="How you made sure who asks: id_document, known_person, …")]
Channel = Annotated[str, typer.Option("--channel", help="email, phone, post, reception or form.")]


@app.command()
def access(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    lang: Annotated[str, typer.Option("--lang", help="nb or en.")] = "nb",
    channel: Channel = "email",
    verified: How = "known_person",
    to: Annotated[Path | None, typer.Option("--out", help="The ZIP to write; default: kept here for a week.")] = None,
) -> None:
    """A request for access, received and answered: a ZIP with JSON, a CSV a table and a PDF, for its owner alone."""
    ready()
    from tillit.journeys.rights import reading, receive
    from tillit.privacy import copies

    found, actor = person(subject, controller, email or phone)
    asked = _asked(found, controller)
    case = receive.receive(
        actor=actor,
        controller=asked,
        subject_id=found,
        right="access",
        channel=channel,
        verified_how=verified,
        language=lang,
    )
    body = reading.fetch_for(actor=actor, controller=asked, case_id=case.id, form="zip", language=lang)
    if body is None:
        raise typer.BadParameter(f"{asked.key} declares no copies (rights_copy); the answer is request {case.id}")
    if to is None:
        to = copies.write(body, suffix=".zip")
    else:
        with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
    out.print(f"{to}: the answer to request {case.id}", markup=False)


@app.command()
def erase(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    ground: Annotated[str, typer.Option("--ground", help=", ".join(GROUNDS))] = "no_longer_needed",
    lang: Annotated[str, typer.Option("--lang", help="nb or en.")] = "nb",
    channel: Channel = "email",
    verified: How = "known_person",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """A request for erasure, received and carried out: all but what law or a running contract keeps; each item told."""
    ready()
    from tillit.journeys.rights import handling, reading, receive

    if ground not in GROUNDS:
        raise typer.BadParameter(f"one of {', '.join(GROUNDS)}", param_hint="--ground")
    found, actor = person(subject, controller, email or phone)
    if not yes:
        typer.confirm(f"Erase subject {found}? This cannot be undone.", abort=True)
    asked = _asked(found, controller)
    case = receive.receive(
        actor=actor,
        controller=asked,
        subject_id=found,
        right="erasure",
        channel=channel,
        verified_how=verified,
        language=lang,
        fields={"ground": ground},
    )
    handling.carry_out(actor=actor, controller=asked, case_id=case.id)
    shown = reading.case_for(actor=actor, controller=asked, case_id=case.id).shown
    out.print(f"request {case.id}", markup=False)
    for _, lines, _ in reading.told(shown.answers, lang):
        for line in lines:
            out.print(line, markup=False)


def _asked(subject_id: int, key: str | None) -> "Model":
    """The controller that was asked: the one named, else the person's latest, else the holder of the register."""
    from tillit.declaration.models import Controller as Model
    from tillit.declaration.queries import holder_of
    from tillit.kernel.scope import Scope, system
    from tillit.parties.models import Relationship
    from tillit.parties.models import Subject as Person

    if key is not None:
        return Model.objects.get(key=key)
    register = Person.objects.values_list("register_id", flat=True).get(pk=subject_id)
    members = Model.objects.filter(register_id=register)
    with Scope(system("rights", members.values_list("id", flat=True)), "rights_requests", frozenset({subject_id})):
        latest = Relationship.objects.filter(subject_id=subject_id).order_by("-started", "id").first()
    known = latest.controller_id if latest else holder_of(controller_id=members.earliest("id").pk)
    return Model.objects.get(pk=known)
