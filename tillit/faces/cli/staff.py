"""``tillit staff``: who works here, in which role, with the duty of confidentiality on record."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli.days import bounded
from tillit.faces.cli.ready import controller_of, ready

app = typer.Typer(no_args_is_help=True, help="Take on, list and end members of staff.")
out = Console(highlight=False, soft_wrap=True)


@app.command()
def add(
    email: Annotated[str, typer.Argument(help="Work e-mail: where the one-time codes go.")],
    name: Annotated[str, typer.Argument(help="Name, shown to colleagues only.")],
    controller: Annotated[str, typer.Option(help="A controller's key.")],
    role: Annotated[str, typer.Option(help="A role of the vocabulary, such as customer_service.")],
    confidentiality: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day the duty of confidentiality was signed.")
    ],
    assigned_only: Annotated[bool, typer.Option("--assigned-only", help="Only people assigned to them.")] = False,
) -> None:
    """Give somebody a role at a controller; makes the account if there is none."""
    ready()
    from tillit.kernel.errors import TillitError
    from tillit.parties import staff

    signed = bounded(confidentiality.date(), option="--confidentiality")
    found = controller_of(controller)
    try:
        made = staff.add(
            email=email,
            name=name,
            controller=found,
            role=role,
            confidentiality=signed,
            assigned_only=assigned_only,
        )
    except TillitError as error:
        raise typer.BadParameter(error.message) from None
    out.print(f"staff {made.pk}: {role} at {controller}", markup=False)


@app.command(name="list")
def show() -> None:
    """List staff with their roles."""
    ready()
    from tillit.parties.models import StaffRole

    table = Table("staff", "role", "controller", "since", "confidentiality", box=None, pad_edge=False)
    for role in StaffRole.objects.filter(ended=None).select_related("staff", "controller").order_by("staff_id", "id"):
        signed = role.staff.confidentiality_signed
        table.add_row(str(role.staff_id), role.role, role.controller.key, str(role.granted), str(signed or "missing"))
    out.print(table)


@app.command()
def end(email: Annotated[str, typer.Argument(help="Work e-mail.")]) -> None:
    """End every role and session of somebody who leaves."""
    ready()
    from tillit.parties import staff
    from tillit.parties.models import StaffMember

    found = StaffMember.objects.filter(email__iexact=email.strip()).first()
    if found is None:
        raise typer.BadParameter("nobody with that address", param_hint="EMAIL")
    out.print(f"staff {found.pk}: {staff.end(staff=found)} roles ended")


@app.command()
def assign(
    person: Annotated[str, typer.Argument(help="Customer or member number, e-mail address or phone number.")],
    to: Annotated[str, typer.Option(help="Work e-mail of the colleague who is to see them.")],
    by: Annotated[str, typer.Option(help="Work e-mail of the administrator who says so: another person.")],
    controller: Annotated[str, typer.Option(help="A controller's key, where staff see only people assigned to them.")],
) -> None:
    """Assign somebody to a colleague, where staff see only people assigned to them. On record."""
    found = controller_of(controller)
    from tillit.journeys import assigning
    from tillit.journeys.reception import staff_at
    from tillit.kernel.errors import TillitError

    actor = staff_at(email=by, controller=found)
    here = {one.email.lower(): one.pk for one in assigning.colleagues(actor=actor, controller=found)}
    try:
        made = assigning.assign(actor=actor, controller=found, staff_id=here.get(to.strip().lower(), 0), text=person)
    except TillitError as error:
        raise typer.BadParameter(error.message) from None
    out.print("assigned" if made else "assigned already")


@app.command(name="reset-factor")
def reset_factor(
    email: Annotated[str, typer.Argument(help="Work e-mail of whoever has lost the second factor.")],
    by: Annotated[str, typer.Option(help="Work e-mail of the colleague who resets it: another person.")],
    controller: Annotated[str, typer.Option(help="A controller's key, where both work.")],
) -> None:
    """Forget somebody's second factor and end their sessions; they set one up at the next sign-in. On record."""
    ready()
    from tillit.journeys.staff_sign_in import reset_factors
    from tillit.kernel.errors import TillitError
    from tillit.parties.models import StaffMember

    people = {}
    for option, address in (("EMAIL", email), ("--by", by)):
        found = StaffMember.objects.filter(email__iexact=address.strip(), left__isnull=True).first()
        if found is None:
            raise typer.BadParameter("nobody at work with that address", param_hint=option)
        people[option] = found
    where = controller_of(controller)
    try:
        kinds = reset_factors(staff=people["EMAIL"], by=people["--by"], controller_id=where.pk)
    except TillitError as error:
        raise typer.BadParameter(error.message) from None
    out.print(f"staff {people['EMAIL'].pk}: {', '.join(kinds) or 'no factor'} reset", markup=False)
