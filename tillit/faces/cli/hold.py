"""``tillit hold``: a claim, a dispute or an order keeps what it concerns past its time, until it is released (D11)."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.people import Controller, Email, Phone, Subject, person
from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.privacy.holds import Held

app = typer.Typer(no_args_is_help=True, help="Keep what a claim, dispute or order concerns, and release it.")
out = console()
ACTIVITY = "rights_requests"


@app.command()
def place(
    subject: Subject = None,
    controller: Controller = None,
    email: Email = None,
    phone: Phone = None,
    reason: Annotated[str, typer.Option("--reason", help="claim, dispute or legal_order.")] = "claim",
    reference: Annotated[str, typer.Option("--reference", help="The matter's number; no words.")] = "",
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Only this category; again for more. Default: all it may.")
    ] = None,
    secret: Annotated[bool, typer.Option("--secret", help="An order that forbids telling the person of it.")] = False,
) -> None:
    """Keep a person's rows until the matter is finally closed. Give --controller: whose matter it is."""
    ready()
    from tillit.declaration.models import Controller as Model
    from tillit.kernel import clock
    from tillit.kernel.scope import Scope
    from tillit.privacy import holds

    found, actor = person(subject, controller, email or phone)
    known = dict(Model.objects.filter(pk__in=actor.controllers).values_list("key", "id"))
    if controller is None and len(known) != 1:
        raise typer.BadParameter(f"one of {', '.join(sorted(known))}", param_hint="--controller")
    one = known.get(controller or next(iter(known)))
    if one is None:
        raise typer.BadParameter(f"the person is not of {controller}'s register", param_hint="--controller")
    with Scope(actor, ACTIVITY, frozenset({found})) as scope:
        made = holds.place(
            scope=scope,
            subject_id=found,
            controller_id=one,
            reason=reason,
            reference=reference,
            categories=category or None,
            told=not secret,
            at=clock.now(),
        )
    out.print(f"hold {made.id} keeps {', '.join(made.categories) or 'everything'}", markup=False)


@app.command()
def release(
    hold: Annotated[int, typer.Argument(help="The hold's number.", show_default=False)],
) -> None:
    """The matter is finally closed: what is past its time goes with the next run of retention."""
    ready()
    from tillit.declaration.models import Controller as Model
    from tillit.kernel import clock
    from tillit.kernel.scope import Scope, system
    from tillit.privacy import holds

    with Scope(system("rights", Model.objects.values_list("id", flat=True)), ACTIVITY) as scope:
        standing = {one.id: one for one in holds.listed(standing=False)}
        if hold not in standing:
            raise typer.BadParameter("there is no such hold")
        done = holds.release(scope=scope, subject_id=standing[hold].subject_id, hold_id=hold, at=clock.now())
    out.print(f"hold {done.id} released {done.released:%Y-%m-%d}", markup=False)


@app.command(name="list")
def listed(
    everything: Annotated[bool, typer.Option("--all", help="Those released, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """The holds that stand, oldest first."""
    ready()
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import Scope, system
    from tillit.privacy import holds

    names = dict(Model.objects.values_list("id", "key"))
    with Scope(system("rights", names), ACTIVITY):
        found = holds.listed(standing=not everything)
    if as_json:
        print(json.dumps([_facts(one, names) for one in found], ensure_ascii=False))
        return
    if not found:
        out.print("nothing is on hold")
        return
    table = Table("hold", "subject", "controller", "reason", "number", "since", "released", "keeps", box=None)
    for one in found:
        table.add_row(*(str(value) if value is not None else "" for value in _facts(one, names).values()))
    out.print(table)


def _facts(one: "Held", names: dict[int, str]) -> dict[str, Any]:
    def day(moment: datetime | None) -> str | None:
        return None if moment is None else f"{moment:%Y-%m-%d}"

    return {
        "hold": one.id,
        "subject": one.subject_id,
        "controller": names[one.controller_id],
        "reason": one.reason if one.told else f"{one.reason} (not to be told)",
        "reference": one.reference,
        "since": day(one.since),
        "released": day(one.released),
        "categories": ", ".join(one.categories) or "everything",
    }
