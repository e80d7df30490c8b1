"""What most commands need first: a running database and Django set up; and the controller they are told of."""

from typing import TYPE_CHECKING

import django
import typer

from tillit.platform import database

if TYPE_CHECKING:
    from tillit.declaration.models import Controller


def ready() -> None:
    """Start the embedded server if that is where the database is, and set Django up. Import models after this."""
    database.ensure_running()
    django.setup()


def controller_of(key: str | None, *, option: str = "--controller") -> "Controller":
    """The controller with the key that stood at `option`. Raises `typer.BadParameter` when there is none."""
    ready()
    from tillit.declaration.models import Controller

    found = Controller.objects.filter(key=key).first()
    if found is None:
        raise typer.BadParameter(f"no controller '{key}'", param_hint=option)
    return found
