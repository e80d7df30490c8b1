"""``tillit db``: the database server, the roles, a prompt."""

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from tillit.platform import database, postgres, programs, server_config, setup
from tillit.platform.errors import DatabaseError

app = typer.Typer(no_args_is_help=True, help="Start, stop and inspect the database.")
out = Console(highlight=False, soft_wrap=True)


@app.command()
def start() -> None:
    """Start the embedded server."""
    _embedded().start()
    status()


@app.command()
def stop() -> None:
    """Stop the embedded server and wait until it has stopped."""
    _embedded().stop()
    out.print("stopped")


@app.command()
def status() -> None:
    """Say where the database is and whether it answers. Exit code 1 if it does not."""
    where = database.place()
    if where.embedded:
        server = postgres.default_server()
        state = server.status()
        if not state.running:
            out.print(f"embedded server in {server.home}: stopped")
            raise typer.Exit(1)
        out.print(f"embedded server in {server.home}: {state.phase}, process {state.pid}")
        return
    with database.connect("admin") as connection:
        out.print(f"PostgreSQL {connection.info.server_version // 10000} at {connection.info.host}: ready")


@app.command(name="setup")
def set_up(
    reset_passwords: Annotated[
        bool, typer.Option("--reset-passwords", help="Give existing roles this installation's passwords.")
    ] = False,
) -> None:
    """Create roles, database and extensions, or complete them."""
    database.ensure_running()
    where = setup.ensure_database(reset_passwords=reset_passwords)
    out.print(f"database {where.name}: ready")


@app.command()
def settings() -> None:
    """Print the settings that keep personal data out of a server's log, as SQL for its administrator to run."""
    for name, value in sorted(server_config.WITHOUT_PERSONAL_DATA.items()):
        out.print(f"ALTER SYSTEM SET {name} = '{value}';")
    out.print("SELECT pg_reload_conf();")


@app.command()
def psql(
    login: Annotated[str, typer.Option("--as", help="app, owner, backup or admin")] = "app",
) -> None:
    """Open PostgreSQL's prompt."""
    if login not in {"app", "owner", "backup", "admin"}:
        raise typer.BadParameter("app, owner, backup or admin", param_hint="--as")
    database.ensure_running()
    path = programs.find("psql")
    sys.stdout.flush()
    given = os.environ | database.place().environment(login)  # type: ignore[arg-type]
    os.execve(path, [str(path)], given)  # noqa: S606 - a prompt for the operator


def _embedded() -> postgres.Server:
    if not database.place().embedded:
        raise DatabaseError("DATABASE_URL names a server that is not ours to start or stop")
    return postgres.default_server()
