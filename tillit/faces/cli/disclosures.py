"""``tillit disclosures``: who has received what, and who is still to be told of a change (H13, GDPR 19)."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Who has received what, and who is still to be told of a change.")
out = console()

Of = Annotated[str, typer.Option("--controller", help="The controller's key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command(name="list")
def totals(controller: Of, since: Day = None, until: Day = None, as_json: AsJson = False) -> None:
    """What left in a period (default: the last year), by recipient and purpose: transfers and people, nobody named."""
    ready()
    from tillit.disclosure import queries
    from tillit.kernel import clock
    from tillit.kernel.scope import Scope

    owner, actor = _controller(controller)
    end = _start(until) if until else clock.now()
    start = _start(since) if since else end - timedelta(days=365)
    with Scope(actor, "rights_requests"):
        found = queries.totals(controller_id=owner, since=start, until=end)
    if as_json:
        print(json.dumps({"controller": controller, "disclosures": found}, default=_plain))
        return
    if not found:
        out.print("nothing left in that time")
        return
    table = Table("recipient", "party", "for", "ground", "country", box=None, pad_edge=False)
    for name in ("transfers", "people"):
        table.add_column(name, justify="right")
    table.add_column("last")
    for row in found:
        shown = [row["recipient"], row["party"], row["activity"], row["ground"], row["country"]]
        table.add_row(*shown, str(row["transfers"]), str(row["people"]), clock.local_date(row["last"]).isoformat())
    out.print(table)


@app.command()
def person(
    subject: Annotated[int, typer.Argument(help="The subject's id.")], controller: Of, as_json: AsJson = False
) -> None:
    """Everything that left about one person: to whom, which fields, on what ground, when."""
    ready()
    from tillit.disclosure import queries
    from tillit.kernel import clock
    from tillit.kernel.scope import Scope

    _, actor = _controller(controller)
    with Scope(actor, "rights_requests", frozenset({subject})):
        found = queries.about(subject_id=subject)
    if as_json:
        print(json.dumps([vars(one) for one in found], default=_plain))
        return
    table = Table("when", "recipient", "party", "for", "ground", "fields", "reference", box=None, pad_edge=False)
    for one in found:
        fields = ", ".join(name for names in one.fields.values() for name in names)
        table.add_row(
            clock.local_date(one.at).isoformat(),
            one.recipient,
            one.party,
            one.activity,
            one.ground,
            fields,
            one.reference,
        )
    out.print(table if found else "nothing has left about this person")


@app.command()
def owed(controller: Of, as_json: AsJson = False) -> None:
    """Recipients who are still to be told of a rectification, erasure or restriction."""
    ready()
    from tillit.disclosure import queries
    from tillit.disclosure.models import Disclosure
    from tillit.kernel import clock
    from tillit.kernel.scope import Scope

    owner, actor = _controller(controller)
    with Scope(actor, "rights_requests"):
        waiting = [one for one in queries.owed() if one.controller_id == owner]
        rows = {
            (row.subject_id, row.id): row
            for row in Disclosure.objects.filter(id__in=[one.disclosure_id for one in waiting])
        }
    found = [
        {
            "notice": one.id,
            "subject": one.subject_id,
            "recipient": rows[one.subject_id, one.disclosure_id].recipient,
            "party": rows[one.subject_id, one.disclosure_id].party,
            "what": one.what,
            "categories": one.categories,
            "reference": rows[one.subject_id, one.disclosure_id].reference,
            "since": one.owed_at,
        }
        for one in waiting
    ]
    if as_json:
        print(json.dumps(found, default=_plain))
        return
    table = Table(
        "notice", "subject", "recipient", "what", "categories", "reference", "since", box=None, pad_edge=False
    )
    for row in found:
        name = f"{row['recipient']} {row['party']}".strip()
        table.add_row(
            str(row["notice"]),
            str(row["subject"]),
            name,
            str(row["what"]),
            ", ".join(row["categories"]),
            str(row["reference"]),
            clock.local_date(row["since"]).isoformat(),
        )
    out.print(table if found else "everyone has been told")


@app.command()
def told(
    notice: Annotated[int, typer.Argument(help="The notice's number.")],
    controller: Of,
    subject: Annotated[int, typer.Option("--subject", help="The subject's id.")],
    how: Annotated[str, typer.Option("--how", help="email, post, phone, portal, impossible or disproportionate.")],
) -> None:
    """A recipient has been told, or cannot be."""
    ready()
    from tillit.disclosure import notices
    from tillit.kernel import clock
    from tillit.kernel.scope import Scope

    if how not in notices.HOW:
        raise typer.BadParameter(f"one of {', '.join(notices.HOW)}", param_hint="--how")
    _, actor = _controller(controller)
    with Scope(actor, "rights_requests", frozenset({subject})) as scope:
        done = notices.told(scope=scope, subject_id=subject, notice_ids=[notice], how=how, at=clock.now())
    if not done:
        raise typer.BadParameter("no such notice is owed", param_hint="NOTICE")
    out.print(f"notice {notice}: told by {how}", markup=False)


@app.command()
def processors(controller: Of, as_json: AsJson = False) -> None:
    """The register of processors and sub-processors, to hand out on request (A8)."""
    ready()
    from tillit.declaration.queries import current
    from tillit.kernel import clock

    owner, _ = _controller(controller)
    found = current(controller_id=owner, on=clock.today()).processors
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
        return
    table = Table("processor", "engaged by", "country", "agreement", "carries", "categories", box=None, pad_edge=False)
    for one in found:
        table.add_row(
            one.name,
            one.under or "",
            one.country,
            str(one.agreement),
            ", ".join(one.carries),
            ", ".join(one.categories),
        )
    out.print(table)


def _controller(key: str) -> tuple[int, Any]:
    found = controller_of(key)
    from tillit.kernel.scope import system

    return found.pk, system("disclosures", {found.pk})


def _start(day: datetime) -> datetime:
    from zoneinfo import ZoneInfo

    from tillit.kernel import clock

    return day.replace(tzinfo=ZoneInfo(clock.DEFAULT_ZONE))


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
