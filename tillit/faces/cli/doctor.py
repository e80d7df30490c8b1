"""``tillit doctor``: whether this installation can do its work, and what to do where it cannot."""

import json
from dataclasses import asdict
from typing import Annotated

import django
import typer
from rich.table import Table
from rich.text import Text

from tillit.faces.cli.tables import console

app = typer.Typer()
out = console()


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Print Prometheus' text format.")] = False,
) -> None:
    """Look at disks, secrets, database, jobs, backups, proof and settings; start, write and send nothing. Exit code 1
    when something is wrong, 0 where there are warnings alone.
    """
    django.setup()
    from tillit.faces.doctor import examine
    from tillit.faces.doctor.findings import exposition

    found = list(examine())
    if as_json:
        print(json.dumps({"findings": [asdict(one) for one in found]}, ensure_ascii=False))
    elif prometheus:
        print(exposition(found), end="")
    else:
        table = Table("", "what", "how it is", box=None)
        for one in found:
            said = (one.state if one.state == "ok" else one.state.upper(), one.name, one.said)
            table.add_row(*map(Text, said))
        out.print(table)
    if any(one.state == "wrong" for one in found):
        raise typer.Exit(1)
