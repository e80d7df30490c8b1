"""What the rows of a table that is not personal are held to: said by the domain whose rows they are, for the proof.

Kept beside the registry of personal tables: there the question is what a row is, here whether it may be so.
"""

from collections.abc import Callable, Iterable
from datetime import date

from django.db import models

BOUNDED: dict[str, Callable[[], Iterable[str]]] = {}
FOLLOWING: dict[str, Callable[[int, date], Iterable[str]]] = {}


def bounded(model: type[models.Model], faults: Callable[[], Iterable[str]]) -> None:
    """Rows of `model` may hold only so much: `faults()` names, by id, those that hold more."""
    BOUNDED[model._meta.db_table] = faults


def follows_declaration(model: type[models.Model], faults: Callable[[int, date], Iterable[str]]) -> None:
    """Rows of `model` repeat what a declaration says: `faults(controller_id, on)` names what differs."""
    FOLLOWING[model._meta.db_table] = faults
