"""Which declaration holds: the latest published version in effect at a moment (A4)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection
from psycopg import sql

from tillit.declaration import registry
from tillit.declaration.difference import Change, diff
from tillit.declaration.errors import NotDeclaredError
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import category_id

T = TypeVar("T")
_KNOWN: ContextVar[dict[tuple[object, ...], Any] | None] = ContextVar("declarations_known", default=None)


@contextmanager
def known() -> Iterator[None]:
    """Within it, which version holds and who holds jointly is looked up once: one answer rests on one declaration.

    `forget` ends that for what was looked up: publishing does so by itself.
    """
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def forget() -> None:
    """What was looked up within `known` no longer holds."""
    looked_up = _KNOWN.get()
    if looked_up is not None:
        looked_up.clear()


def once(look_up: Callable[[], T], *what: object) -> T:
    """What is looked up; within `known` but once for the same `what`."""
    looked_up = _KNOWN.get()
    if looked_up is None:
        return look_up()
    if what not in looked_up:
        looked_up[what] = look_up()
    found: T = looked_up[what]
    return found


@lru_cache(maxsize=256)
def _parsed(digest: str) -> Declaration:
    documents = DeclarationVersion.objects.filter(digest=digest).values_list("document", flat=True)
    return Declaration.model_validate(documents[0])


def current_version(*, controller_id: int, on: date) -> DeclarationVersion:
    """The version in effect on a date; before the first effective date, the first version published.

    Raises `NotDeclaredError` when the controller has published none.
    """
    found = once(lambda: _version_of(controller_id, on), "version", controller_id, on)
    if found is None:
        raise NotDeclaredError("not-declared", "this controller has not published a declaration")
    return found


def _version_of(controller_id: int, on: date) -> DeclarationVersion | None:
    listed = DeclarationVersion.objects.filter(controller_id=controller_id).defer("document", "source_text", "files")
    return listed.filter(effective__lte=on).order_by("-number").first() or listed.order_by("number").first()


def current(*, controller_id: int, on: date) -> Declaration:
    """The typed declaration in effect on a date (parsed once per document)."""
    version = current_version(controller_id=controller_id, on=on)
    return _parsed(version.digest)


def all_current(*, on: date) -> dict[int, tuple[str, Declaration]]:
    """controller id → digest and typed declaration in effect on a date, of every controller that has published one."""
    found: dict[int, tuple[str, date]] = {}
    listed = DeclarationVersion.objects.order_by("controller_id", "number")
    for controller_id, digest, effective in listed.values_list("controller_id", "digest", "effective"):
        if controller_id not in found or effective <= on:
            found[controller_id] = digest, effective
    return {controller_id: (digest, _parsed(digest)) for controller_id, (digest, _) in found.items()}


def version_declaration(version: DeclarationVersion) -> Declaration:
    """The typed declaration of a published version (parsed once per document)."""
    return _parsed(version.digest)


def versions(*, controller_id: int) -> list[DeclarationVersion]:
    """Every published version, oldest first, without their texts: readable for ever (A3)."""
    found = DeclarationVersion.objects.filter(controller_id=controller_id).order_by("number")
    return list(found.defer("document", "source_text"))


def declared(*, controller_id: int, number: int) -> Declaration:
    """The declaration of one published version; raises `NotDeclaredError` when there is no such version."""
    version = DeclarationVersion.objects.filter(controller_id=controller_id, number=number).only("digest").first()
    if version is None:
        raise NotDeclaredError("no-version", f"there is no version {number}")
    return _parsed(version.digest)


def difference(*, controller_id: int, old: int, new: int) -> list[Change]:
    """What changed from one published version to another, each change material or not (A4)."""
    numbers = (old, new)
    return diff(*(declared(controller_id=controller_id, number=number) for number in numbers))


def to_accept(*, controller_id: int) -> list[DeclarationVersion]:
    """Material versions that people must accept anew, oldest first: those that hold, and those to come (A4).

    Whether a version is accepted actively is what it says itself, or the version before it did: that one was promised.
    """
    found, before = [], False
    for version in versions(controller_id=controller_id):
        active = version_declaration(version).changes.acceptance == "active"
        if version.material and version.number > 1 and (active or before):
            found.append(version)
        before = active
    return found


def held_rows(*, controller_id: int, category: str) -> dict[str, int]:
    """Table → rows of `category` that the controller holds, in any state; inside a scope that sees the category."""
    counted: dict[str, int] = {}
    for table in registry.holding(category):
        text = sql.SQL("SELECT count(*) FROM {} WHERE controller_id = %(controller)s").format(
            sql.Identifier(table.table)
        )
        if table.category_column:
            text += sql.SQL(" AND {} = %(category)s").format(sql.Identifier(table.category_column))
        with connection.cursor() as cursor:
            cursor.execute(text, {"controller": controller_id, "category": category_id(category)})
            rows = int(cursor.fetchone()[0])
        if rows:
            counted[table.table] = rows
    return counted


def register_holder(*, register_id: int) -> int:
    """The controller that answers for what a register holds jointly; the sole one elsewhere (A1)."""
    controllers = Controller.objects.filter(register_id=register_id).order_by("-holder", "id")
    return controllers.values_list("id", flat=True)[0]


def holder_of(*, controller_id: int) -> int:
    """The controller whose rows are held jointly in this controller's register; itself where there is none (A1)."""
    return once(lambda: _holder_of(controller_id), "holder", controller_id)


def _holder_of(controller_id: int) -> int:
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    holder = Controller.objects.filter(register_id=register, holder=True).values_list("id", flat=True).first()
    return controller_id if holder is None else holder
