"""`tillit work`: retention, the audit chain and other work that Tillit does by itself."""

from typing import Annotated

import typer

from tillit.faces.cli.ready import ready
from tillit.platform import database, secret_marks

app = typer.Typer()


@app.callback(invoke_without_command=True)
def work(once: Annotated[bool, typer.Option(help="Do what is due now and stop.")] = False) -> None:
    """Run what is due, minute by minute, until stopped with Ctrl-C."""
    ready()
    secret_marks.check(database.place())
    from tillit.faces.jobs import tasks

    tasks.work(once=once)
