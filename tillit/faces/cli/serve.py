"""``tillit serve``: the site on this machine."""

import os
import subprocess
import sys
from typing import Annotated

import typer
from rich.console import Console

from tillit.faces.cli.ready import ready

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
    ready()
    if _behind():
        done = subprocess.run([sys.executable, "-m", "tillit.faces.cli", "migrate"], check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)  # it has said why
    os.environ["TILLIT_HTTPS"] = "1" if https else "0"
    from granian.constants import Interfaces
    from granian.server import Server

    out.print(f"Tillit is served at http://{host}:{port}/ (stop with Ctrl-C)")
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
