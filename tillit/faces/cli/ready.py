"""What most commands need first: a running database and Django set up."""

import django

from tillit.platform import database


def ready() -> None:
    """Start the embedded server if that is where the database is, and set Django up. Import models after this."""
    database.ensure_running()
    django.setup()
