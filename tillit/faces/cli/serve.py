"""``tillit serve``: the site on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from tillit.faces.cli.ready import ready
from tillit.platform import database, paths, secret_marks

DEMO_PEOPLE = "demo-people.txt"
"""In `var/`, written by the demo: a controller's key, a blank, an invented e-mail address on each line."""

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
    https: Annotated[bool, typer.Option(help="A proxy in front speaks HTTPS: demand it.")] = False,
) -> None:
    """Start the database, bring it up to date if need be, and serve until interrupted."""
    os.environ["TILLIT_HTTPS"] = "1" if https else "0"  # before the settings are read, here and in the workers
    ready()
    if _behind():
        done = subprocess.run([sys.executable, "-m", "tillit.faces.cli", "migrate"], check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)  # it has said why
    secret_marks.check(database.place())
    from granian.constants import Interfaces
    from granian.server import Server

    out.print(f"Tillit is served at http://{host}:{port}/ (stop with Ctrl-C)")
    for line in _ways_in(f"http://{host}:{port}"):
        out.print(line, markup=False)
    sys.stdout.flush()
    Server(
        "tillit.faces.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=4,
        log_access=False,
        log_enabled=False,
    ).serve()


def _ways_in(site: str) -> Iterator[str]:
    """How to sign in on a machine of one's own: the people of the demo, and where codes land without a mail server."""
    from django.conf import settings

    people = paths.var() / DEMO_PEOPLE
    if people.is_file():
        yield "People to sign in as:"
        for line in people.read_text(encoding="utf-8").splitlines():
            controller, _, address = line.partition(" ")
            yield f"  {site}/{controller}/sign-in/  as  {address}"
    yield f"Staff: {site}/staff/ (tillit staff add makes one)"
    if settings.EMAIL_BACKEND.endswith("mail_folder.EmailBackend"):
        yield f"No mail server is named (TILLIT_SMTP): one-time codes are written to {settings.EMAIL_FILE_PATH}"


def _behind() -> bool:
    """Whether the database is missing or lacks migrations."""
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return True
    finally:
        connection.close()
