"""`tillit handover`: a controller's people and data go to another controller (A10)."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tillit.faces.cli.members import acting
from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.privacy.models import Handover, HandoverExpected

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
    elsewhere: Annotated[
        str, typer.Option("--elsewhere", help="Where the receiver's other installation answers: https://…")
    ] = "",
    invitation: Annotated[
        Path | None, typer.Option("--invitation", exists=True, dir_okay=False, help="Then its invitation.")
    ] = None,
    fingerprint: Annotated[str, typer.Option("--fingerprint", help="And its fingerprint, as its staff told it.")] = "",
) -> None:
    """Compare the two declarations and put the hand-over on record."""
    if bool(elsewhere) != (invitation is not None) or bool(elsewhere) != bool(fingerprint):
        raise typer.BadParameter("--elsewhere, --invitation and --fingerprint go together")
    at, actor = acting(giver, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import planning

    to = controller_of(receiver, option="--to")
    on: date = day.date()
    for change in planning.comparison(giver=at, receiver=to):
        if change.material:
            out.print(f"{change.path}: {change.kind} ({change.because})", markup=False)
    made = planning.plan(
        actor=actor,
        giver=at,
        receiver=to,
        day=on,
        consents=consents,
        at=clock.now(),
        chains=_chains(chain or []),
        elsewhere=planning.Elsewhere(elsewhere, invitation.read_bytes(), fingerprint) if invitation else None,
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
def confirm(giver: Giver, staff: Staff) -> None:
    """Send again who left for another installation and is in no backup there yet; the worker does it every hour."""
    at, actor = acting(giver, staff)
    from tillit.kernel.scope import Scope
    from tillit.privacy.handover import leaving, planning
    from tillit.privacy.models import Handover

    Scope(actor, planning.ACTIVITY)  # refuses who has not the role
    found = Handover.objects.select_related("giver", "receiver").filter(giver=at).exclude(address="")
    rows = list(found.order_by("id"))
    for one in rows:
        leaving.confirm_all(handover=one)
        show(one)
    if not rows:
        out.print("none")


@app.command()
def cancel(giver: Giver, staff: Staff) -> None:
    """Call it off. Who was moved already stays moved."""
    actor, found = _standing(giver, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import planning

    planning.cancel(actor=actor, handover=found, at=clock.now())
    out.print(f"hand-over {found.pk} is called off")


@app.command()
def fingerprint() -> None:
    """This installation's fingerprint, to be read aloud to the other side's staff."""
    ready()
    from tillit.privacy import envelope

    out.print(envelope.fingerprint(envelope.signing_key()))


@app.command()
def expect(
    receiver: Annotated[str, typer.Argument(help="Key of the controller that takes over.")],
    giver: Annotated[str, typer.Option("--from", help="Name of the controller whose people come.")],
    key: Annotated[str, typer.Option("--fingerprint", help="The giver's, as its staff told it.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day to take people in.")],
    staff: Staff,
    to: Annotated[Path, typer.Option("--out", help="The invitation to write.")] = Path("handover-invitation.json"),
) -> None:
    """At the receiver's installation: be ready for people from another one, and write the invitation for it."""
    at, actor = acting(receiver, staff)
    from tillit.kernel import clock
    from tillit.privacy import envelope
    from tillit.privacy.handover import arriving

    made, letter = arriving.expect(
        actor=actor, receiver=at, giver=giver, fingerprint=key, until=until.date(), at=clock.now()
    )
    with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(letter)
    out.print(f"{to}: hand-over {made.pk} from {giver}, until {made.until}", markup=False)
    out.print(f"Our fingerprint: {envelope.fingerprint(envelope.signing_key())}")


@app.command()
def arrivals(
    receiver: Annotated[str, typer.Argument(help="Key of the controller that takes over.")], staff: Staff
) -> None:
    """Who is expected from other installations, and what has arrived."""
    at, _ = acting(receiver, staff)
    from tillit.privacy.handover import arriving

    rows = arriving.expected_of(receiver=at)
    for one in rows:
        state = "closed" if one.closed_at else f"until {one.until}"
        out.print(f"hand-over {one.pk} from {one.giver}: {state}, {one.arrived} arrived", markup=False)
        if lost := one.people.filter(lost_at__isnull=False).count():
            out.print(f"  {lost} are to come again since a restore: the giver's staff run `tillit handover confirm`")
        for table, count in arriving.counted(expected=one).items():
            out.print(f"  {table}: {count} arrived", markup=False)
    if not rows:
        out.print("none")


@app.command()
def close(
    receiver: Annotated[str, typer.Argument(help="Key of the controller that takes over.")],
    number: Annotated[int, typer.Argument(help="The number that `arrivals` shows.")],
    staff: Staff,
) -> None:
    """Take nobody more in. Who came stays."""
    actor, found = _expected(receiver, number, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import arriving

    arriving.close(actor=actor, expected=found, at=clock.now())
    out.print(f"hand-over {number} is closed")


@app.command()
def extend(
    receiver: Annotated[str, typer.Argument(help="Key of the controller that takes over.")],
    number: Annotated[int, typer.Argument(help="The number that `arrivals` shows.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day to take people in.")],
    staff: Staff,
) -> None:
    """Take people in until another day, also after it was closed: somebody may be on the way."""
    actor, found = _expected(receiver, number, staff)
    from tillit.kernel import clock
    from tillit.privacy.handover import arriving

    arriving.extend(actor=actor, expected=found, until=until.date(), at=clock.now())
    out.print(f"hand-over {number} is open until {until.date()}")


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
    if waiting := one.sent.filter(arrived_at__isnull=True).count():
        out.print(f"  {waiting} on their way, not confirmed: confirm sends them again")
    if kept := one.sent.filter(arrived_at__isnull=False, confirmed_at__isnull=True).count():
        out.print(f"  {kept} have come, and their parcels are kept until a backup there holds them")
    for table, (left, arrived) in sorted(one.counts.items()):
        out.print(f"  {table}: {left} left, {arrived} arrived", markup=False)


def _chains(said: list[str]) -> dict[str, str]:
    if wrong := [one for one in said if "=" not in one]:
        raise typer.BadParameter(f"'{wrong[0]}' names no chain of the receiver's", param_hint="--chain")
    return {one.partition("=")[0]: one.partition("=")[2] for one in said}


def _expected(receiver: str, number: int, staff: str) -> tuple[Any, "HandoverExpected"]:
    at, actor = acting(receiver, staff)
    from tillit.privacy.errors import HandoverError
    from tillit.privacy.handover import arriving

    found = [one for one in arriving.expected_of(receiver=at) if one.pk == number]
    if not found:
        raise HandoverError("handover-none", f"{receiver} expects nobody by the number {number}")
    return actor, found[0]


def _standing(giver: str, staff: str) -> tuple[Any, "Handover"]:
    at, actor = acting(giver, staff)
    from tillit.privacy.errors import HandoverError
    from tillit.privacy.handover import planning

    found = planning.open_one(giver=at)
    if found is None:
        raise HandoverError("handover-none", f"no hand-over of {giver} is under way")
    return actor, found
