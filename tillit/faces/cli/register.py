"""``tillit register``: what a union consists of, how its files are written, and their rows that were put aside.

Nothing that stands in a file is printed, but a row that is asked for: rows are named by line, field and reason.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli import put_aside
from tillit.faces.cli.ready import controller_of, ready

if TYPE_CHECKING:
    from tillit.journeys.register.importing import Outcome

app = typer.Typer(no_args_is_help=True)
quarantine = typer.Typer(no_args_is_help=True, help=put_aside.HELP)
app.add_typer(quarantine, name="quarantine")
out = Console(highlight=False, soft_wrap=True)
Union = Annotated[str, typer.Option("--union", help="The union's key.")]
HIDDEN = ("national_number",)


@app.callback()
def registers() -> None:
    """The registers of unions. `tillit import members` takes their files in."""


@app.command(name="set-up")
def set_up(
    file: Annotated[Path, typer.Argument(help="YAML: types, units, agreements and layout, see docs/formats.md.")],
    union: Union,
) -> None:
    """Keep what a union consists of and how its files are written. The same file again changes nothing."""
    ready()
    from tillit.journeys.register.set_up import set_up as keep

    done = keep(path=file, controller=union_of(union))
    out.print(", ".join(f"{count} {name}" for name, count in done.items()))


@app.command()
def terms(
    file: Annotated[Path, typer.Argument(help="PDF, at most 10 MB.")],
    union: Union,
    agreement: Annotated[str, typer.Option("--agreement", help="The agreement's key.")],
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The day they hold from.")],
) -> None:
    """Keep the terms of a collective agreement from a day on: members read them on Min side."""
    ready()
    from tillit.membership.agreement_terms import keep

    new = keep(controller_id=union_of(union).pk, agreement=agreement, starts=since.date(), document=file.read_bytes())
    out.print(f"{agreement}: terms from {since:%Y-%m-%d}{'' if new else ' stood already'}", markup=False)


@app.command()
def files(union: Union, limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20) -> None:
    """The files a union has sent, the latest first, and what each did."""
    ready()
    from tillit.membership.models import RegisterFile

    table = Table("File", "Received", "State", "Rows", "Joined", "Changed", "Ended", "Put aside")
    for one in RegisterFile.objects.filter(controller=union_of(union)).order_by("-id")[:limit]:
        counts = [one.counts.get(name, 0) for name in ("rows", "joins", "changed", "ends")]
        table.add_row(one.name, f"{one.received_at:%Y-%m-%d %H:%M}", one.state, *map(str, counts), str(one.quarantined))
    out.print(table)


@quarantine.command(name="list")
def list_rows(
    union: Union,
    limit: put_aside.Limit = 100,
    language: put_aside.Language = "en",
    as_json: put_aside.AsJson = False,
) -> None:
    """List the rows that wait: line, field and reason, never their content."""
    ready()
    from tillit.membership import register_files
    from tillit.membership.reading.reasons import message

    rows = register_files.waiting(controller_id=union_of(union).pk)
    put_aside.listing(
        rows[:limit],
        total=len(rows),
        file_of="file",
        message=lambda code: message(code, language),
        as_json=as_json,
    )


@quarantine.command()
def show(
    row: put_aside.Row, reveal: Annotated[bool, typer.Option("--reveal", help="Also the national number.")] = False
) -> None:
    """Show what a row holds; the look is recorded."""
    ready()
    from tillit.journeys.register.quarantined import show as opened

    found = _row(row)
    put_aside.content(opened(row=found, actor=_operator(found)), secret=HIDDEN, reveal=reveal)


@quarantine.command()
def repair(row: put_aside.Row, changes: put_aside.Changes) -> None:
    """Give fields of a row other values. `tillit register quarantine replay` then takes it in."""
    ready()
    from tillit.journeys.register.quarantined import repair as mended

    values, found = put_aside.changed(changes), _row(row)
    mended(row=found, values=values, actor=_operator(found))
    put_aside.repaired(row)


@quarantine.command()
def replay(union: Union, rows: Annotated[list[int] | None, typer.Argument(help="Only these rows.")] = None) -> None:
    """Play the rows that wait again. Exit code 3 when some still wait."""
    ready()
    from tillit.journeys.register.replaying import replay as play

    put_aside.played(play(controller=union_of(union), ids=rows or ()))


@quarantine.command()
def dismiss(rows: Annotated[list[int], typer.Argument(help="The rows' numbers.")], because: put_aside.Because) -> None:
    """Give up rows that are nobody's; their content is dropped at once."""
    ready()
    from tillit.journeys.register.quarantined import dismiss as dropped

    found = [_row(row) for row in rows]
    put_aside.dismissed(dropped(rows=found, because=because, actor=_operator(found[0])))


def say(done: "Outcome") -> None:
    """Print what a file did, or would do."""
    from tillit.membership.reading.reasons import message

    found, tried = done.difference, done.file is None
    table = Table("Members", "", title="Dry run: nothing was stored" if tried else None)
    table.columns[1].justify = "right"
    facts = {
        "rows": found.rows,
        "unchanged": found.unchanged,
        "new": found.joins,
        "back again": found.returns,
        "changed": found.changed,
        "left, by their row": found.ends,
        "left, not in the file": len(found.gone),
        "moved in from another union": found.moved_in,
        "moved to another union": found.moved_out,
        "restricted, left as they are": found.restricted,
        "had left before": found.past,
        "put aside": done.quarantined,
    }
    for name, number in facts.items():
        if number or name == "rows":
            table.add_row(name, f"{number:,}".replace(",", "\u00a0"))
    out.print(table)
    for name, count in sorted(found.fields.items()):
        out.print(f"  {count} × {name} changes", markup=False)
    for name, count in sorted(found.kept.items()):
        out.print(f"  {count} × {name} stays: the member or the population register said it last", markup=False)
    for code, count in found.reasons.most_common():
        out.print(f"  {count} × {code}: {message(code)}", markup=False)
    for reject in done.rejects:
        out.print(f"  line {reject.line}, {reject.field or 'line'}: {reject.code}", markup=False)
    if done.waiting:
        share = (
            f"{found.ending} of {found.listed} memberships would end, {found.renamed} get another name or birth date,"
        )
        share += f" {found.reasons['other-person']} rows are somebody else's"
        out.print(f"{share}: more than the union's share. Nothing was done; give --approve if that is right.")
    elif done.withheld:
        out.print(
            f"{done.withheld} memberships that the file leaves out go on, since {found.nameless} damaged rows may be"
            " theirs; give --approve if they are not."
        )


def union_of(key: str) -> Any:
    """The controller of that key."""

    found = controller_of(key, option="--union")
    return found


def _row(number: int) -> Any:
    from tillit.membership.errors import MembershipError
    from tillit.membership.models import QuarantinedMember

    found = QuarantinedMember.objects.filter(pk=number).select_related("file").first()
    if found is None:
        raise MembershipError("no-row", f"there is no row {number}")
    return found


def _operator(row: Any) -> Any:
    from tillit.kernel.scope import system

    return system("command_line", {row.file.controller_id})
