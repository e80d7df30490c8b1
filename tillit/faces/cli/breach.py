"""``tillit breach``: the breach desk (H12). A breach is named by its controller's key and its reference, `2026-001`."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.declaration.models import Controller
    from tillit.kernel.scope import Actor
    from tillit.privacy.models import Breach

app = typer.Typer(no_args_is_help=True, help="Register breaches, keep their deadlines, tell whom they concern.")
out = console()

Of = Annotated[str, typer.Option("--controller", help="The controller's key.")]
Reference = Annotated[str, typer.Argument(help="The breach's reference, such as 2026-001.")]
Text = Annotated[str, typer.Option("--text", help="In words, naming nobody.")]
_FORMS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"]
When = Annotated[datetime | None, typer.Option(formats=_FORMS, help="Where the controller is; default: now.")]


@app.command()
def register(
    controller: Of,
    what: Annotated[str, typer.Option("--what", help="What happened, naming nobody.")],
    known: When = None,
    suspected: Annotated[bool, typer.Option("--suspected", help="Only a suspicion: no clock runs yet.")] = False,
    source: Annotated[str, typer.Option("--source", help="staff, person, supplier, anomaly or authority.")] = "staff",
    category: Annotated[list[str] | None, typer.Option("--category", help="A category concerned; repeat.")] = None,
    nature: Annotated[
        list[str] | None, typer.Option("--nature", help="confidentiality, integrity, availability.")
    ] = None,
    persons: Annotated[int | None, typer.Option("--persons", help="About how many people.", min=0)] = None,
    crime: Annotated[bool, typer.Option("--crime", help="An offence is suspected.")] = False,
) -> None:
    """Put a breach, or a suspicion, in the register. The clock to the authority starts when it was known."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    owner, actor = _controller(controller)
    breach = operations.register(
        actor=actor,
        controller_id=owner.pk,
        what=what,
        at=clock.now(),
        source=source,
        known_at=None if suspected else _moment(owner, known),
        categories=category or [],
        nature=nature or [],
        persons=persons,
        crime=crime,
    )
    _say(breach)


@app.command(name="list")
def show_all(
    controller: Annotated[str | None, typer.Option("--controller", help="The controller's key; default: all.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones, too.")] = False,
) -> None:
    """The register, the most urgent first, with the hours left."""
    ready()
    from tillit.declaration.models import Controller
    from tillit.privacy.breach import queries

    owners = {c.pk: c for c in (Controller.objects.all() if controller is None else [_controller(controller)[0]])}
    found = queries.register(controller_ids=owners, closed=closed)
    if not found:
        out.print("nothing in the register")
        return
    table = Table(
        "reference", "controller", "known", "risk", "authority", "people", "left to do", box=None, pad_edge=False
    )
    for one in found:
        standing = queries.standing(one)
        table.add_row(
            one.reference + (" (drill)" if one.drill else ""),
            owners[one.controller_id].key,
            _short(one.known_at) or "suspected",
            one.risk or "not assessed",
            _left(one, standing.left),
            _short(one.people_at) or one.people_not_because,
            ", ".join(standing.owed) or ("closed" if one.closed_at else "nothing"),
        )
    out.print(table)


@app.command()
def show(reference: Reference, controller: Of) -> None:
    """One breach with every step taken."""
    ready()
    _, _, breach = _breach(controller, reference)
    _say(breach)
    out.print(breach.what, markup=False)
    for step in breach.steps.order_by("number"):
        out.print(f"  {_short(step.at)}  {step.step}  {step.actor}  {step.text}", markup=False)


@app.command()
def confirm(reference: Reference, controller: Of, known: When = None) -> None:
    """A suspicion is true: the clock has been running since it was known."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    owner, actor, breach = _breach(controller, reference)
    _say(operations.confirm(actor=actor, breach=breach, known_at=_moment(owner, known), at=clock.now()))


@app.command()
def assess(
    reference: Reference,
    controller: Of,
    risk: Annotated[str, typer.Option("--risk", help="none, risk or high.")],
    consequences: Annotated[str | None, typer.Option("--consequences", help="What it may lead to.")] = None,
    measures: Annotated[str | None, typer.Option("--measures", help="What has been done.")] = None,
    persons: Annotated[int | None, typer.Option("--persons", min=0)] = None,
    records: Annotated[int | None, typer.Option("--records", min=0)] = None,
    category: Annotated[list[str] | None, typer.Option("--category", help="A category concerned; repeat.")] = None,
    crime: Annotated[bool | None, typer.Option("--crime/--no-crime", help="An offence is suspected.")] = None,
    business: Annotated[
        bool | None, typer.Option("--business/--no-business", help="Sensitive business information may be stolen.")
    ] = None,
    text: Text = "",
) -> None:
    """Assess the risk to people, and say what is known by now."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    _, actor, breach = _breach(controller, reference)
    stated = {
        "consequences": consequences,
        "measures": measures,
        "persons": persons,
        "records": records,
        "categories": category,
        "crime": crime,
        "business": business,
    }
    facts: dict[str, Any] = {key: value for key, value in stated.items() if value is not None}
    _say(operations.assess(actor=actor, breach=breach, risk=risk, at=clock.now(), text=text, **facts))


@app.command()
def affect(
    reference: Reference,
    controller: Of,
    subject: Annotated[list[int] | None, typer.Option("--subject", help="A person's subject id; repeat.")] = None,
    file: Annotated[Path | None, typer.Option("--file", exists=True, help="A subject id a line.")] = None,
    read_by: Annotated[int | None, typer.Option("--read-by", help="Everyone this member of staff opened …")] = None,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="… on this day.")] = None,
) -> None:
    """Say whom it concerns."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy import anomalies
    from tillit.privacy.breach import operations

    owner, actor, breach = _breach(controller, reference)
    if (read_by is None) != (on is None):
        raise typer.BadParameter("--read-by and --on go together", param_hint="--read-by")
    lines = file.read_text(encoding="utf-8").split() if file else []
    if wrong := [line for line in lines if not line.isdigit()]:
        raise typer.BadParameter(f"{len(wrong)} lines are no subject ids", param_hint="--file")
    people = [*(subject or []), *map(int, lines)]
    if read_by is not None and on is not None:
        people += anomalies.read_by(controller_id=owner.pk, staff_id=read_by, day=on.date())
    done = operations.affect(actor=actor, breach=breach, subject_ids=people, at=clock.now())
    out.print(f"{done} people added", markup=False)


@app.command(name="form")
def authority_form(
    reference: Reference,
    controller: Of,
    lang: Annotated[str, typer.Option("--lang", help="nb or en.")] = "nb",
    to: Annotated[Path, typer.Option("--out", help="The PDF to write.")] = Path("breach.pdf"),
) -> None:
    """The notification to the authority as a PDF."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import form

    if lang not in form.languages():
        raise typer.BadParameter(f"one of {', '.join(form.languages())}", param_hint="--lang")
    _, _, breach = _breach(controller, reference)
    pdf = form.as_pdf(breach=breach, language=lang, made=clock.now())
    with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pdf)
    out.print(f"{to}: written", markup=False)


@app.command()
def authority(
    reference: Reference,
    controller: Of,
    number: Annotated[str, typer.Option("--number", help="The authority's reference.")] = "",
    because: Annotated[str, typer.Option("--because", help="Why it is late, when it is.")] = "",
    at: When = None,
) -> None:
    """The authority has been told."""
    ready()
    from tillit.privacy.breach import operations

    owner, actor, breach = _breach(controller, reference)
    moment = _moment(owner, at)
    _say(operations.told_authority(actor=actor, breach=breach, at=moment, reference=number, because=because))


@app.command()
def people(
    reference: Reference,
    controller: Of,
    advice: Annotated[str, typer.Option("--advice", help="What they should do themselves.")] = "",
    not_because: Annotated[
        str, typer.Option("--not-because", help="no_high_risk, protected, risk_removed or public_notice.")
    ] = "",
    text: Text = "",
) -> None:
    """Tell everyone concerned, each in a message of their own, or say why that is not needed."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    _, actor, breach = _breach(controller, reference)
    if bool(advice) == bool(not_because):
        raise typer.BadParameter("say what they should do, or why they need not be told", param_hint="--advice")
    if not_because:
        _say(operations.need_not_tell(actor=actor, breach=breach, because=not_because, at=clock.now(), text=text))
        return
    told = operations.tell_people(actor=actor, breach=breach, at=clock.now(), advice=advice)
    out.print(f"{told} people are being told", markup=False)


@app.command()
def police(
    reference: Reference, controller: Of, number: Annotated[str, typer.Option("--number")], text: Text = ""
) -> None:
    """Reported to the police, under their number."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    _, actor, breach = _breach(controller, reference)
    _say(operations.told_police(actor=actor, breach=breach, at=clock.now(), reference=number, text=text))


@app.command()
def business(reference: Reference, controller: Of, text: Text = "") -> None:
    """Customers have been told of suspected theft of sensitive business information."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    _, actor, breach = _breach(controller, reference)
    _say(operations.told_business(actor=actor, breach=breach, at=clock.now(), text=text))


@app.command()
def supplier(
    reference: Reference,
    controller: Of,
    intrusion: Annotated[str, typer.Option("--intrusion", help="phishing, malware, credentials …")],
    text: Text = "",
) -> None:
    """What the security supplier reports: the type of intrusion."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    _, actor, breach = _breach(controller, reference)
    _say(operations.supplier_report(actor=actor, breach=breach, intrusion=intrusion, text=text, at=clock.now()))


@app.command()
def close(
    reference: Reference,
    controller: Of,
    lessons: Annotated[str, typer.Option("--lessons", help="What was learnt.")],
    unfounded: Annotated[bool, typer.Option("--unfounded", help="The suspicion was not true.")] = False,
) -> None:
    """Close it, when everything owed is done."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    _, actor, breach = _breach(controller, reference)
    closed_as = "unfounded" if unfounded else "handled"
    _say(operations.close(actor=actor, breach=breach, at=clock.now(), lessons=lessons, closed_as=closed_as))


@app.command()
def drill(controller: Of, what: Annotated[str, typer.Option("--what")] = "") -> None:
    """Begin a drill: a breach in the register with its clock, which tells nobody and breaks no promise."""
    ready()
    from tillit.kernel import clock
    from tillit.privacy.breach import operations

    owner, actor = _controller(controller)
    now = clock.now()
    breach = operations.register(
        actor=actor, controller_id=owner.pk, what=what or "–", at=now, known_at=now, source="drill"
    )
    _say(breach)
    out.print("next: tillit breach assess, form, authority, people, close", markup=False)


def _controller(key: str) -> "tuple[Controller, Actor]":
    from tillit.declaration.queries import holder_of
    from tillit.kernel.scope import system

    found = controller_of(key)
    return found, system("breach", {found.pk, holder_of(controller_id=found.pk)})


def _breach(key: str, reference: str) -> "tuple[Controller, Actor, Breach]":
    from tillit.privacy.breach import queries

    owner, actor = _controller(key)
    return owner, actor, queries.find(controller_id=owner.pk, reference=reference)


def _moment(owner: "Controller", given: datetime | None) -> datetime:
    from zoneinfo import ZoneInfo

    from tillit.declaration.queries import current
    from tillit.kernel import clock

    if given is None:
        return clock.now()
    zone = current(controller_id=owner.pk, on=clock.today()).controller.time_zone
    return given.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _say(breach: "Breach") -> None:
    from tillit.privacy.breach import queries

    standing = queries.standing(breach)
    parts = [breach.reference, "drill" if breach.drill else "", breach.risk or "not assessed"]
    parts.append(_left(breach, standing.left))
    parts.append(f"to do: {', '.join(standing.owed)}" if standing.owed else "")
    out.print("  ".join(part for part in parts if part), markup=False)


def _left(breach: "Breach", left: Any) -> str:
    if breach.authority_at is not None:
        return f"authority told {_short(breach.authority_at)}"
    if left is None:
        return ""
    hours = int(left.total_seconds() // 3600)
    return f"{hours} hours left" if hours >= 0 else f"{-hours} hours late"


def _short(moment: datetime | None) -> str:
    from tillit.kernel import clock

    if moment is None:
        return ""
    from zoneinfo import ZoneInfo

    return moment.astimezone(ZoneInfo(clock.DEFAULT_ZONE)).strftime("%Y-%m-%d %H:%M")
