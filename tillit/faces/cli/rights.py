"""``tillit rights``: the queue of requests and what is done with them; access and erasure without a case.

Whoever runs it has made sure of who asks (H8). A person is named by subject id, or by e-mail or phone in a
controller's register.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli import rights_cases
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.kernel.scope import Actor
    from tillit.privacy.erasure import Item

app = typer.Typer(no_args_is_help=True, help="Answer requests about a person's rights.")
rights_cases.add_to(app)
out = console()

Subject = Annotated[int | None, typer.Argument(help="The subject's id.", show_default=False)]
Controller = Annotated[str | None, typer.Option("--controller", help="Key of a controller the person knows.")]
Email = Annotated[str | None, typer.Option("--email", help="The e-mail address on record.")]
Phone = Annotated[str | None, typer.Option("--phone", help="The mobile number on record.")]
GROUNDS = ("no_longer_needed", "consent_withdrawn", "objection", "unlawful")


@app.command()
def access(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    lang: Annotated[str, typer.Option("--lang", help="nb or en.")] = "nb",
    to: Annotated[Path, typer.Option("--out", help="The ZIP file to write.")] = Path("access.zip"),
) -> None:
    """Everything held about a person: a ZIP with JSON, a CSV a table and a PDF to read, for its owner's eyes alone."""
    ready()
    from tillit.privacy import access as answering
    from tillit.privacy.export import as_zip

    person, actor = _person(subject, controller, email or phone)
    answer = answering.collect(actor=actor, subject_id=person, language=lang)
    with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(as_zip(answer))
    rows = sum(len(part["rows"]) for part in answer["data"])
    out.print(f"{to}: {rows} rows in {len(answer['data'])} parts", markup=False)


@app.command()
def erase(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    ground: Annotated[str, typer.Option("--ground", help=", ".join(GROUNDS))] = "no_longer_needed",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person everywhere, except what law or a running contract keeps; every item is told."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy import erasure

    if ground not in GROUNDS:
        raise typer.BadParameter(f"one of {', '.join(GROUNDS)}", param_hint="--ground")
    person, actor = _person(subject, controller, email or phone)
    if not yes:
        typer.confirm(f"Erase subject {person}? This cannot be undone.", abort=True)
    items = erasure.erase(actor=actor, subject_id=person, ground=ground, at=clock.now())  # type: ignore[arg-type]
    out.print(itemised(items))


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
        table.add_row(name, item.category, item.table, str(item.rows), item.outcome, item.rule, until)
    return table


def _person(subject: int | None, controller: str | None, address: str | None) -> "tuple[int, Actor]":
    """The subject meant, and an actor for every controller of its register."""
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import system
    from tillit.parties.lookup import by_address
    from tillit.parties.models import Subject as Person

    if (subject is None) == (address is None or controller is None):
        raise typer.BadParameter("name a subject, or an e-mail address or phone number with --controller")
    if subject is None:
        register = Model.objects.filter(key=controller).values_list("register_id", flat=True).first()
        if register is None:
            raise typer.BadParameter(f"no controller '{controller}'", param_hint="--controller")
        subject = by_address(register_id=register, text=address or "")
    found = None if subject is None else Person.objects.filter(pk=subject).first()
    if found is None:
        raise typer.BadParameter("nobody of that name is known")
    everyone = Model.objects.filter(register_id=found.register_id).values_list("id", flat=True)
    return found.pk, system("rights", everyone)
