"""``tillit rights``: the queue of requests and what is done with them; access and erasure without a case.

Whoever runs it has made sure of who asks (H8). A person is named by subject id, or by e-mail or phone in a
controller's register.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli import rights_cases, rights_transfer
from tillit.faces.cli.people import Controller, Email, Phone, Subject, person
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.privacy.erasure import Item

app = typer.Typer(no_args_is_help=True, help="Answer requests about a person's rights.")
rights_cases.add_to(app)
rights_transfer.add_to(app)
out = console()

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

    found, actor = person(subject, controller, email or phone)
    answer = answering.collect(actor=actor, subject_id=found, language=lang)
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
    found, actor = person(subject, controller, email or phone)
    if not yes:
        typer.confirm(f"Erase subject {found}? This cannot be undone.", abort=True)
    items = erasure.erase(actor=actor, subject_id=found, ground=ground, at=clock.now())  # type: ignore[arg-type]
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
        rule = ", ".join(item.hold) or item.rule
        table.add_row(name, item.category, item.table, str(item.rows), item.outcome, rule, until)
    return table
