"""`tillit handover`: a controller's people and data go to another controller (A10)."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tillit.faces.cli.members import acting
from tillit.faces.cli.ready import controller_of
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.privacy.models import Handover

out = console()
app = typer.Typer(no_args_is_help=True, help="Hand people and data over to another controller: merger, sale.")
Giver = Annotated[str, typer.Argument(help="Key of the controller whose people go.")]
Staff = Annotated[str, typer.Option("--staff", help="Work e-mail of the colleague who does it (the privacy adviser).")]


@app.command()
def plan(
    giver: Giver,
    receiver: Annotated[str, typer.Option("--to", help="Key of the controller that takes over.")],
    day: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day.")],
    staff: Staff,
    consents: Annotated[
        bool, typer.Option("--consents", help="The wording of the consents covers the receiver: a yes goes along.")
    ] = False,
    chain: Annotated[
        list[str] | None,
        typer.Option("--chain", help="Where the bonus of a chain goes: OURS=THEIRS; OURS= where it stays."),
    ] = None,
) -> None:
    """Compare the two declarations and put the hand-over on record."""
    at, actor = acting(giver, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import planning

    to = controller_of(receiver, option="--to")
    on: date = day.date()
    for change in planning.comparison(giver=at, receiver=to):
        if change.material:
            out.print(f"{change.path}: {change.kind} ({change.because})", markup=False)
    made = planning.plan(
        actor=actor, giver=at, receiver=to, day=on, consents=consents, at=clock.now(), chains=_chains(chain or [])
    )
    told = "everybody is to be told beforehand" if made.material else "nothing differs materially"
    out.print(f"hand-over {made.pk}: {giver} to {receiver} on {on}; {told}")


@app.command()
def announce(giver: Giver, staff: Staff) -> None:
    """Tell everybody whom it concerns, once each."""
    actor, found = _standing(giver, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import planning

    told = planning.announce(actor=actor, handover=found, at=clock.now())
    out.print(f"hand-over {found.pk}: {told.queued} messages on their way, {told.shown} on Min side")


@app.command(name="carry-out")
def carry_out(
    giver: Giver,
    staff: Staff,
    most: Annotated[int | None, typer.Option("--most", help="How many people at most in this run.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Move everybody who has not objected; can be stopped and run again."""
    actor, found = _standing(giver, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import carrying

    if not yes:
        typer.confirm(f"Move the people of {giver} to {found.receiver.key}? It cannot be undone.", abort=True)
    done = carrying.carry_out(actor=actor, handover=found, at=clock.now(), most=most)
    show(done)


@app.command()
def cancel(giver: Giver, staff: Staff) -> None:
    """Call it off. Who was moved already stays moved."""
    actor, found = _standing(giver, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import planning

    planning.cancel(actor=actor, handover=found, at=clock.now())
    out.print(f"hand-over {found.pk} is called off")


@app.command(name="list")
def listed(giver: Giver, staff: Staff) -> None:
    """Every hand-over of the controller's people, with what left and what arrived."""
    at, _ = acting(giver, staff)
    from tillit.privacy.models import Handover

    rows = list(Handover.objects.select_related("giver", "receiver").filter(giver=at).order_by("id"))
    for one in rows:
        show(one)
    if not rows:
        out.print("none")


def show(one: "Handover") -> None:
    """A hand-over in lines: state, people, rows by table."""
    state = "called off" if one.cancelled_at else "done" if one.done_at else "under way" if one.moved else "planned"
    out.print(f"hand-over {one.pk} to {one.receiver.key} on {one.day}: {state}, {one.moved} moved, {one.stayed} stayed")
    for table, (left, arrived) in sorted(one.counts.items()):
        out.print(f"  {table}: {left} left, {arrived} arrived", markup=False)


def _chains(said: list[str]) -> dict[str, str]:
    if wrong := [one for one in said if "=" not in one]:
        raise typer.BadParameter(f"'{wrong[0]}' names no chain of the receiver's", param_hint="--chain")
    return {one.partition("=")[0]: one.partition("=")[2] for one in said}


def _standing(giver: str, staff: str) -> tuple[Any, "Handover"]:
    at, actor = acting(giver, staff)
    from tillit.privacy.errors import HandoverError
    from tillit.privacy.handover import planning

    found = planning.open_one(giver=at)
    if found is None:
        raise HandoverError("handover-none", f"no hand-over of {giver} is under way")
    return actor, found
