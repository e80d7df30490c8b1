"""``tillit rights list|show|receive|verify|carry-out|extend|decide|refuse|lift|close``: requests as cases (H8).

Commands act as the installation; whoever runs them answers for having checked who asks. Nothing printed names a person:
a request is known by its number, and `show --out` writes what it holds to a file for its reader alone.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.cases.models import Case
    from tillit.declaration.models import Controller
    from tillit.kernel.scope import Actor

out = console()

Number = Annotated[int, typer.Argument(help="The request's number.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Text = Annotated[str, typer.Option("--text", help="Words to the person, with the reason.")]
DATE = ["%Y-%m-%d"]


def listed(
    show: Annotated[
        str, typer.Option("--show", help="open, late, soon, unverified, with_adviser, in_force, closed or all.")
    ] = "open",
    controller: Annotated[str | None, typer.Option("--controller", help="Key of one controller.")] = None,
    as_json: Json = False,
) -> None:
    """The queue: the most urgent first, with the days left."""
    ready()
    from tillit.cases import queries
    from tillit.cases.rights import REQUEST
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import Scope

    keys = dict(Model.objects.filter(versions__isnull=False).values_list("id", "key"))
    chosen = [pk for pk, key in keys.items() if controller in (None, key)]
    if not chosen:
        raise typer.BadParameter(f"no controller '{controller}'", param_hint="--controller")
    if show not in queries.SHOWN:
        raise typer.BadParameter(f"one of {', '.join(queries.SHOWN)}", param_hint="--show")
    with Scope(_actor(), "rights_requests"):
        rows = [_row(case, keys) for case in queries.queue(controller_ids=chosen, kind=REQUEST, show=show)]
    if as_json:
        out.print_json(json.dumps(rows))
        return
    table = Table("request", "controller", "right", "received", "stage", "last day", box=None, pad_edge=False)
    table.add_column("days left", justify="right")
    for row in rows:
        left = "" if row["days_left"] is None else f"late by {-row['days_left']}" if row["late"] else row["days_left"]
        table.add_row(
            *(str(row[key] or "") for key in ("id", "controller", "right", "received", "stage", "last_day")), str(left)
        )
    out.print(table if rows else "no such requests")


def show(
    case_id: Number,
    lang: Annotated[str, typer.Option("--lang", help="nb or en.")] = "nb",
    to: Annotated[
        Path | None, typer.Option("--out", help="Write all of it to this file, readable by you alone.")
    ] = None,
    as_json: Json = False,
) -> None:
    """One request: how it stands, each step, and the answer that was given."""
    ready()
    from tillit.cases import queries
    from tillit.declaration.models import Controller as Model
    from tillit.journeys.rights import answers
    from tillit.journeys.rights.acting import handling

    with handling(actor=_actor(), controller=_controller(case_id), case_id=case_id) as (_, case):
        told: dict[str, Any] = _row(case, dict(Model.objects.values_list("id", "key")))
        told["verified"] = case.verified_how
        told["steps"] = []
        for entry in queries.entries(case=case):
            lines, complaint = answers.spoken(entry, lang)
            told["steps"].append(
                {"at": entry.at.isoformat(), "step": entry.step, "by": entry.actor, "answer": lines}
                | ({"complaint": complaint} if complaint else {})
            )
            if to is not None:
                told["steps"][-1]["text"] = entry.text
        if to is not None:
            told["stated"] = case.fields
    if to is not None:
        with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(told, file, ensure_ascii=False, indent=1)
        out.print(f"{to}: written", markup=False)
    elif as_json:
        out.print_json(json.dumps(told))
    else:
        _print(told)


def _print(told: dict[str, Any]) -> None:
    out.print(f"request {told['id']}: {told['right']} at {told['controller']}, {told['stage']}", markup=False)
    due = f", last day {told['last_day']}, days left {told['days_left']}" if told["days_left"] is not None else ""
    out.print(f"received {told['received']} by {told['channel']}{due}", markup=False)
    for step in told["steps"]:
        out.print(f"{step['at'][:16].replace('T', ' ')}  {step['step']}  {step['by']}", markup=False)
        for line in (*step["answer"], *([step["complaint"]] if "complaint" in step else [])):
            out.print(f"    {line}", markup=False)


def receive(
    right: Annotated[str, typer.Argument(help="access, rectification, erasure, restriction, objection, …")],
    controller: Annotated[str, typer.Option("--controller", help="Key of the controller that was asked.")],
    subject: Annotated[int | None, typer.Option("--subject", help="The subject's id.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="The e-mail address on record.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="The mobile number on record.")] = None,
    channel: Annotated[str, typer.Option("--channel", help="email, phone, post, reception or form.")] = "email",
    received: Annotated[datetime | None, typer.Option("--received", formats=DATE, help="The day it came in.")] = None,
    verified: Annotated[
        str, typer.Option("--verified", help="id_document, known_person, signed_letter, call_back.")
    ] = "",
    ground: Annotated[str | None, typer.Option("--ground", help="For erasure and restriction.")] = None,
    activity: Annotated[str | None, typer.Option("--activity", help="For objection and withdrawal.")] = None,
    lang: Annotated[str, typer.Option("--lang", help="The language of the answer.")] = "nb",
) -> None:
    """Register a request that came in by e-mail, phone, letter or at the counter."""
    ready()
    from zoneinfo import ZoneInfo

    from tillit.journeys.rights import receive as journey
    from tillit.kernel import clock
    from tillit.parties.lookup import by_address

    found = controller_of(controller)
    address = email or phone
    person = subject if subject is not None else by_address(register_id=found.register_id, text=address or "")
    if person is None:
        raise typer.BadParameter("nobody of that name is known")
    fields = {key: value for key, value in (("ground", ground), ("activity", activity)) if value}
    moment = None
    if received is not None:
        moment = min(received.replace(hour=12, tzinfo=ZoneInfo(clock.DEFAULT_ZONE)), clock.now())
    case = journey.receive(
        actor=_actor(),
        controller=found,
        subject_id=person,
        right=right,
        channel=channel,
        received_at=moment,
        verified_how=verified,
        language=lang,
        fields=fields,
    )
    _said(case)


def verify(
    case_id: Number,
    how: Annotated[str, typer.Option("--how", help="id_document, known_person, signed_letter or call_back.")],
) -> None:
    """Record how you made sure who asks."""
    ready()
    from tillit.journeys.rights import identity

    _said(identity.verify(actor=_actor(), controller=_controller(case_id), case_id=case_id, how=how))


def carry_out(
    case_id: Number,
    text: Text = "",
    ground: Annotated[str | None, typer.Option("--ground", help="For erasure and restriction.")] = None,
    category: Annotated[list[str] | None, typer.Option("--category", help="Erase this part only; repeatable.")] = None,
    correct: Annotated[
        list[str] | None, typer.Option("--correct", help="kind=value, such as name.family=Nordvik; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Do what was asked, and answer it item by item."""
    ready()
    from tillit.journeys.rights import handling

    pairs = [one.partition("=") for one in correct or ()]
    if any(not mark for _, mark, _ in pairs):
        raise typer.BadParameter("kind=value", param_hint="--correct")
    if not yes:
        typer.confirm(f"Carry out request {case_id}? An erasure cannot be undone.", abort=True)
    _said(
        handling.carry_out(
            actor=_actor(),
            controller=_controller(case_id),
            case_id=case_id,
            text=text,
            ground=ground,
            categories=category or None,
            corrections={kind: value for kind, _, value in pairs} or None,
        )
    )


def extend(
    case_id: Number,
    until: Annotated[datetime, typer.Option("--until", formats=DATE, help="The day the answer is expected.")],
    text: Annotated[str, typer.Option("--text", help="Why it takes longer.")],
) -> None:
    """The interim answer: more time, at most two further months."""
    ready()
    from tillit.journeys.rights import handling

    _said(
        handling.extend(
            actor=_actor(), controller=_controller(case_id), case_id=case_id, until=until.date(), reason=text
        )
    )


def decide(
    case_id: Number,
    text: Annotated[str, typer.Option("--text", help="The reason, in words.")],
    upheld: Annotated[bool, typer.Option("--upheld/--refused", help="The decision.")],
) -> None:
    """The privacy adviser's decision on an objection or a complaint."""
    ready()
    from tillit.journeys.rights import handling

    _said(handling.decide(actor=_actor(), controller=_controller(case_id), case_id=case_id, upheld=upheld, text=text))


def refuse(
    case_id: Number,
    reason: Annotated[str, typer.Option("--reason", help="unverified, unfounded, excessive, others or ground.")],
    text: Annotated[str, typer.Option("--text", help="The reason, in words.")],
) -> None:
    """Refuse the request, saying why and where to complain."""
    ready()
    from tillit.journeys.rights import handling

    _said(handling.refuse(actor=_actor(), controller=_controller(case_id), case_id=case_id, reason=reason, text=text))


def lift(case_id: Number, text: Annotated[str, typer.Option("--text", help="Why it is lifted.")]) -> None:
    """Lift the restriction that the request led to; the person is told first, and parked purchases are posted."""
    ready()
    from tillit.journeys.rights import handling

    _said(handling.lift(actor=_actor(), controller=_controller(case_id), case_id=case_id, reason=text))


def close(case_id: Number, text: Annotated[str, typer.Option("--text", help="How the person took it back.")]) -> None:
    """Close a request that the person has taken back."""
    ready()
    from tillit.journeys.rights import handling

    _said(handling.close(actor=_actor(), controller=_controller(case_id), case_id=case_id, text=text))


def add_to(app: typer.Typer) -> None:
    """Make these commands of ``tillit rights``."""
    app.command(name="list")(listed)
    for command in (show, receive, verify, extend, decide, refuse, lift, close):
        app.command()(command)
    app.command(name="carry-out")(carry_out)


def _actor() -> "Actor":
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import system

    return system("rights", Model.objects.values_list("id", flat=True))


def _controller(case_id: int) -> "Controller":
    """The controller of a request."""
    from tillit.cases import queries
    from tillit.cases.errors import UnknownCaseError
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import Scope

    try:
        with Scope(_actor(), "rights_requests"):
            return Model.objects.get(pk=queries.case(case_id=case_id).controller_id)
    except UnknownCaseError:
        raise typer.BadParameter(f"there is no request {case_id}") from None


def _row(case: "Case", keys: dict[int, str]) -> dict[str, Any]:
    from tillit.cases import queries
    from tillit.kernel import clock

    stand = queries.standing(case)
    return {
        "id": case.id,
        "controller": keys[case.controller_id],
        "right": case.fields["right"],
        "channel": case.channel,
        "received": clock.local_date(case.received_at).isoformat(),
        "stage": case.stage,
        "outcome": case.outcome,
        "last_day": stand.last_day.isoformat() if stand.last_day else None,
        "days_left": stand.days_left,
        "late": stand.late,
    }


def _said(case: "Case") -> None:
    from tillit.cases import queries

    stand = queries.standing(case)
    due = f", last day {stand.last_day}" if stand.days_left is not None else ""
    outcome = f", {case.outcome}" if case.outcome else ""
    out.print(f"request {case.id}: {case.fields['right']}, {case.stage}{outcome}{due}", markup=False)
