"""``tillit migrate``: schema and rules, as the owner."""

import importlib
import importlib.util
import os

import django
import typer
from rich.console import Console

from tillit.platform import database, secret_marks, setup

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)


@app.command()
def migrate() -> None:
    """Create roles and database if missing, bring the tables up to date, generate row-level security."""
    bring_up_to_date()
    out.print(f"database {database.place().name}: up to date")


def bring_up_to_date() -> None:
    """Everything ``tillit migrate`` does, without a word. Only in a process of its own: it works as the owner."""
    os.environ["TILLIT_DB_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillit.settings")
    database.ensure_running()
    where = setup.ensure_database()
    secret_marks.remember(where)  # before anything is written with secrets that are not those of before
    may_open = setup.older_than_backups(where)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    if importlib.util.find_spec("tillit.declaration.enforce") is not None:
        importlib.import_module("tillit.declaration.enforce").enforce_all()
    if may_open:
        setup.open_to_application(where)
