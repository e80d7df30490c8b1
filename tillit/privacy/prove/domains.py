"""Checks that domains registered (`registry.domain_check`): their own statements, where a declaration promises."""

from collections.abc import Iterator

from django.db import connection

from tillit.declaration.registry import DOMAIN_CHECKS
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, texts


def _promised(declaration: Declaration) -> Iterator[Said]:
    for check in DOMAIN_CHECKS.values():
        if path := check.promised(declaration):
            yield Said(path, texts(declaration, check.key), check)


def _check(context: Context, said: Said) -> Finding:
    """The statement's faults, and the rest of its rows as evidence; or what a trial finds."""
    check = said.item
    if check.trial is not None:
        with context.scope(joint=True):
            return judged(list(check.trial(context.id, context.on)))
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(
            load(check.module_file, check.file, check.name),
            {
                "controller": context.id,
                "holders": sorted({context.id, context.holder_id}),
                "on": context.on,
                "now": clock.now(),
            },
        )
        rows = cursor.fetchall()
    faults = [f"{number} {name}" for fault, name, number in rows if fault and number]
    return judged(faults, **{name: int(number) for fault, name, number in rows if not fault})


KIND = Kind("domains", _promised, _check)
