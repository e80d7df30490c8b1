"""``tillit audit``: is the trail whole, link what waits, read it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from tillit.faces.cli.ready import ready

app = typer.Typer(no_args_is_help=True, help="Verify, link and read the audit trail.")
out = Console(highlight=False, soft_wrap=True)
Controller = Annotated[int | None, typer.Option("--controller", help="A controller's id; 0 is the installation.")]


@app.command()
def verify(
    controller: Controller = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Hold every chain against its events and its published heads. Exit code 1 when anything is wrong."""
    ready()
    from tillit.audit import queries
    from tillit.audit.verify import verify as walk

    chosen = queries.controllers() if controller is None else [controller]
    reports = [walk(one) for one in chosen]
    whole = all(report.whole for report in reports)
    if as_json:
        print(json.dumps({"whole": whole, "controllers": [_facts(report) for report in reports]}, default=_plain))
    else:
        for report in reports:
            _say(report)
    if not whole:
        raise typer.Exit(1)


@app.command()
def anomalies(
    controller: Annotated[str | None, typer.Option("--controller", help="A controller's key; default: all.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How many days back.")] = 30,
    raise_them: Annotated[bool, typer.Option("--raise", help="Put suspicions at the breach desk now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Unusual reading by staff: against their own days and their role's, of colleagues, protected, at night."""
    ready()
    from tillit.declaration.models import Controller as Model
    from tillit.kernel import clock
    from tillit.privacy import anomalies as watch

    owners = Model.objects.filter(versions__isnull=False).distinct().order_by("key")
    chosen = list(owners if controller is None else owners.filter(key=controller))
    if not chosen:
        raise typer.BadParameter(f"no controller '{controller}'", param_hint="--controller")
    since, until = clock.today() - timedelta(days=days), clock.today() + timedelta(days=1)
    found = [(one.key, a) for one in chosen for a in watch.report(controller_id=one.pk, since=since, until=until)]
    raised = watch.raise_suspicions(days=days) if raise_them else []
    if as_json:
        facts = [
            {"controller": key, "staff": a.staff_id, "day": a.day, "signal": a.signal, "figure": a.figure}
            | {"usual": a.usual}
            for key, a in found
        ]
        references = [breach.reference for breach in raised]
        print(json.dumps({"since": since, "anomalies": facts, "raised": references}, default=str))
        return
    for key, a in found:
        usual = "" if a.usual is None else f", usually {a.usual:g}"
        out.print(f"{a.day}  {key}  staff {a.staff_id}  {a.signal} {a.figure}{usual}", markup=False)
    if not found:
        out.print("nothing stands out")
    for breach in raised:
        out.print(f"suspicion {breach.reference}: {breach.what}", markup=False)


@app.command()
def chain(controller: Controller = None) -> None:
    """Link the events that wait, and publish the new heads."""
    ready()
    from tillit.audit import operations

    for one, added in operations.link(controller=controller).items():
        out.print(f"controller {one}: {added} linked")


@app.command()
def show(
    controller: Annotated[int, typer.Option("--controller", help="A controller's id; 0 is the installation.")],
    since: Annotated[datetime | None, typer.Option(help="From this moment on, UTC; default: the last day.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many events.")] = 200,
) -> None:
    """List a controller's events by record time. Ids and codes; who looked is in it, what they saw is not."""
    ready()
    from tillit.audit import queries
    from tillit.kernel import clock

    start = since.replace(tzinfo=since.tzinfo or UTC) if since else clock.now() - timedelta(days=1)
    for place, event in enumerate(queries.since(controller=controller, since=start, size=min(limit, 500))):
        if place == limit:
            break
        when = event.recorded_at.astimezone(UTC).isoformat(timespec="seconds")
        facts = {"subject": event.subject_id or None, "batch": event.batch, "link": event.seq or "waits"}
        rest = " ".join(f"{name}={value}" for name, value in facts.items() if value)
        out.print(f"{when} {event.type} {event.actor} {event.activity} {rest} {event.details}", markup=False)


@app.command()
def accept_restore(
    controller: Controller = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """After restoring an older backup: declare the chains' present ends right, so that later heads are not missed.

    Shows what is missing from each chain today and asks: nobody misses it any more after that.
    """
    ready()
    from tillit.audit import operations, queries
    from tillit.audit.verify import verify as walk

    if not yes:
        for one in queries.controllers() if controller is None else [controller]:
            _say(walk(one))
        typer.confirm("Was an older backup restored, and does that explain all of this?", abort=True)
    for one, seq in operations.accept_restore(controller=controller).items():
        out.print(f"controller {one}: the chain ends at {seq}")


def _say(report: Any) -> None:
    state = "whole" if report.whole else "NOT WHOLE"
    out.print(f"controller {report.controller}: {state}, {report.links} links, {report.heads} published heads")
    if report.disposed:
        out.print(f"  {report.disposed} events disposed of, their leaves kept")
    if report.unpublished:
        out.print(f"  {report.unpublished} links stand behind the last published head: run tillit audit chain")
    if report.waiting:
        since = report.oldest_waiting.astimezone(UTC).isoformat(timespec="seconds")
        out.print(f"  {report.waiting} events wait to be linked, the oldest since {since}")
    for fault, times in sorted(report.faults.items()):
        out.print(f"  {fault}: {times}")
    for finding in report.findings:
        out.print(f"    {finding.fault} at link {finding.seq}, event {finding.event}")


def _facts(report: Any) -> dict[str, Any]:
    return {**vars(report), "whole": report.whole, "findings": [finding._asdict() for finding in report.findings]}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value.total_seconds()
