"""``tillit members``: what reception does, by a member of staff with a role for it, on record.

What is personal is asked for, or read as JSON from standard input: never an argument, which others on the machine see.
"""

import json
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import Actor

app = typer.Typer(no_args_is_help=True, help="Enrol members, show them, their cards, and let them leave.")
card = typer.Typer(no_args_is_help=True, help="Register and remove cards and accounts.")
app.add_typer(card, name="card")
out = console()

Number = Annotated[int, typer.Argument(help="The member's number, which `join` prints.")]
Controller = Annotated[str, typer.Option("--controller", help="The key of the club.")]
Staff = Annotated[str, typer.Option("--as", help="Work e-mail of the member of staff who acts.")]
FIELDS = ("given", "family", "street", "postal_code", "city", "email", "mobile", "birth_date")


@app.command()
def join(controller: Controller, staff: Staff) -> None:
    """Enrol a person who is at the desk. Asks for each field, or reads them as one JSON object."""
    at, actor = acting(controller, staff)
    from tillit.journeys import reception
    from tillit.kernel import clock

    done = reception.enrol(actor=actor, controller=at, applicant=_applicant(), at=clock.now())
    known = "enrolled" if done.new else "known before; the membership is kept"
    out.print(f"member {done.subject_id}: {known}, with {' and '.join(done.controllers)}", markup=False)


@app.command()
def show(
    number: Number,
    controller: Controller,
    staff: Staff,
    purpose: Annotated[str, typer.Option(help="The activity for which you look, such as customer_service.")],
) -> None:
    """Show a member as far as the purpose sees; who looked is on record."""
    at, actor = acting(controller, staff)
    from tillit.journeys import staff_lookup
    from tillit.kernel.money import Money

    seen = staff_lookup.look(actor=actor, controller=at, activity=purpose, subject_id=number)
    lines = [f"member {number}: {seen.name}"]
    lines += [f"  {tie.kind} since {tie.started}" + (f", until {tie.ended}" if tie.ended else "") for tie in seen.ties]
    lines += [f"  {fact.kind}: {fact.value}" for facts in seen.facts.values() for fact in facts]
    lines += [f"  bonus {one.key}: {Money(one.available, one.currency).format('en')}" for one in seen.chains]
    out.print("\n".join(lines), markup=False)


@app.command()
def leave(
    number: Number,
    controller: Controller,
    staff: Staff,
    reason: Annotated[str, typer.Option(help="own_wish, or another code.")] = "own_wish",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End a membership: earning stops, unused bonus falls away, cards are released with the last club."""
    at, actor = acting(controller, staff)
    from tillit.journeys import reception
    from tillit.kernel import clock

    if not yes:
        typer.confirm(f"End the membership of member {number}? Unused bonus falls away.", abort=True)
    left = reception.end_membership(actor=actor, controller=at, subject_id=number, at=clock.now(), reason=reason)
    out.print(f"member {number}: {len(left.controllers)} memberships ended, {left.instruments} cards released")


@card.command(name="add")
def add(number: Number, controller: Controller, staff: Staff) -> None:
    """Register a card or account, asked for or read from standard input. Kept as a digest and its last four digits."""
    at, actor = acting(controller, staff)
    from tillit.journeys import reception
    from tillit.kernel import clock

    text = typer.prompt("Card or account number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    made = reception.add_card(actor=actor, controller=at, subject_id=number, number=text.strip(), at=clock.now())
    out.print(f"card {made.id}: {made.network}, ends with {made.last_four}", markup=False)


@card.command(name="remove")
def remove(
    number: Number,
    card: Annotated[int, typer.Argument(help="Its number, which `card add` prints.")],
    controller: Controller,
    staff: Staff,
) -> None:
    """Take a card or account off."""
    at, actor = acting(controller, staff)
    from tillit.journeys import reception
    from tillit.kernel import clock

    gone = reception.remove_card(actor=actor, controller=at, subject_id=number, instrument_id=card, at=clock.now())
    if not gone:
        raise typer.BadParameter("the member has no such card in use", param_hint="CARD")
    out.print(f"card {card} removed")


@app.command()
def number(
    controller: Controller,
) -> None:
    """Give every member of the controller's programme who has no BonusID one. Again: nobody."""
    ready()
    from tillit.kernel import clock
    from tillit.membership.bonus_ids import issue_missing

    found = controller_of(controller)
    out.print(f"{issue_missing(register_id=found.register_id, at=clock.now())} BonusIDs issued")


@app.command()
def merge(
    number: Number,
    into: Annotated[int, typer.Option("--into", help="The member it is one with.")],
    controller: Controller,
    staff: Staff,
    reason: Annotated[str, typer.Option(help="same_person, duplicate_import, joined_twice or own_request.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make two registrations of one person one: shows both, asks, tells the person. Can be undone."""
    at, actor = acting(controller, staff)
    from tillit.journeys import merging
    from tillit.kernel import clock

    for side in merging.compare(actor=actor, controller=at, subject_ids=(number, into)):
        out.print(f"member {side.subject_id}", markup=False)
        for kind, value in side.facts.items():
            out.print(f"  {kind}: {value}", markup=False)
        for tie in side.ties:
            out.print(f"  {tie.kind} since {tie.started}{f' until {tie.ended}' if tie.ended else ''}", markup=False)
    if not yes:
        typer.confirm(f"Are {number} and {into} the same person?", abort=True)
    merging.merge(actor=actor, controller=at, subject_id=number, into=into, reason=reason, at=clock.now())
    out.print(f"member {number} is one with {into}")


@app.command()
def unmerge(
    number: Number,
    controller: Controller,
    staff: Staff,
    reason: Annotated[str, typer.Option(help="mistake, or another reason of `merge`.")] = "mistake",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Part a merged registration again: each has what it held."""
    at, actor = acting(controller, staff)
    from tillit.journeys import merging
    from tillit.kernel import clock

    if not yes:
        typer.confirm(f"Part {number} from the one it was merged into?", abort=True)
    own = merging.unmerge(actor=actor, controller=at, subject_id=number, reason=reason, at=clock.now())
    out.print(f"members {number} and {own} are two again")


def acting(controller: str, staff: str) -> "tuple[Model, Actor]":
    """The controller of a key, and the actor for a member of staff there."""
    ready()
    from tillit.journeys.reception import staff_at

    found = controller_of(controller)
    return found, staff_at(email=staff, controller=found)


def _applicant() -> Any:
    from tillit.journeys.join import Applicant

    if sys.stdin.isatty():
        given = {name: typer.prompt(name.replace("_", " ")) for name in FIELDS}
    else:
        try:
            given = json.load(sys.stdin)
        except ValueError:
            raise typer.BadParameter("standard input is not JSON") from None
    if not isinstance(given, dict) or set(given) != set(FIELDS) or not all(isinstance(v, str) for v in given.values()):
        raise typer.BadParameter(f"the fields are {', '.join(FIELDS)}, each a text")
    try:
        born = date.fromisoformat(given.pop("birth_date"))
    except ValueError:
        raise typer.BadParameter("birth_date is YYYY-MM-DD") from None
    return Applicant(**given, birth_date=born)
