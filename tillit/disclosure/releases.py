"""Aggregates that leave (H14): released once, whole, and the same for ever; to recipients declared for such only.

A measure of a period is released by one breakdown, once: asked for again, the figures of the first time are given,
whatever has come in since. A period that overlaps one already released is refused. So two releases are the same or have
nothing in common, and no difference between them, over time or breakdown, says anything of few.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure import events
from tillit.disclosure.errors import DisclosureRefusedError, OverlappingReleaseError
from tillit.disclosure.grouping import Cell, grouped
from tillit.disclosure.models import Release, ReleaseCell
from tillit.kernel import clock
from tillit.kernel.scope import Scope


@dataclass(frozen=True)
class Measure:
    """What is released: a code, the names of its labels, and the half-open period of whole local days it is about."""

    key: str
    breakdown: tuple[str, ...]
    start: date
    end: date


def existing(*, controller_id: int, measure: Measure) -> Release | None:
    """The release of exactly this measure and period, if there is one. Raises `OverlappingReleaseError` for any other
    that shares a day with it, and for the same period by another breakdown.
    """
    near = Release.objects.filter(
        controller_id=controller_id, measure=measure.key, start__lt=measure.end, end__gt=measure.start
    ).first()
    if near is None:
        return None
    if (near.start, near.end, tuple(near.breakdown)) != (measure.start, measure.end, measure.breakdown):
        raise OverlappingReleaseError(
            "release-overlaps", f"{measure.key} of {near.start}/{near.end} by {', '.join(near.breakdown)} is released"
        )
    return near


def release(*, scope: Scope, controller_id: int, measure: Measure, cells: Iterable[Cell], recipient: str) -> Release:
    """Release the measure to a recipient of the declaration: as it was first released, or now. Its figures are
    `figures(...)`; none where everything together is too little.

    Raises `DisclosureRefusedError` `undeclared-recipient` or `not-aggregated` (declared for personal data: use
    `disclose`), `OverlappingReleaseError`, and `not-over` for a period that has not ended.
    """
    declared = current(controller_id=controller_id, on=clock.today())
    found = next((one for one in declared.recipients if one.key == recipient), None)
    if found is None:
        raise DisclosureRefusedError("undeclared-recipient", f"'{recipient}' is not declared")
    if not found.only_aggregated:
        raise DisclosureRefusedError("not-aggregated", f"'{recipient}' is not declared for aggregates")
    if measure.end > clock.today():
        raise OverlappingReleaseError("not-over", "a period is released when it is over")
    one_at_a_time(controller_id=controller_id)
    made = existing(controller_id=controller_id, measure=measure)
    if made is None:
        least = declared.minimum_group
        made = freeze(controller_id=controller_id, measure=measure, cells=grouped(cells, least=least), least=least)
    append(
        type=events.AGGREGATE_RELEASED,
        scope=scope,
        controller=controller_id,
        details={
            "measure": measure.key,
            "recipient": recipient,
            "cells": made.cells.count(),
            "start": measure.start,
        },
    )
    return made


def one_at_a_time(*, controller_id: int) -> None:
    """Have every other release of the controller wait until this transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM declaration_controller WHERE id = %s FOR UPDATE", [controller_id])


def freeze(*, controller_id: int, measure: Measure, cells: Iterable[Cell], least: int) -> Release:
    """Keep what `grouped` or `partition` made of `least` people as the release of the measure, for ever. In the
    transaction that asked `one_at_a_time` and found none `existing`.
    """
    made = Release.objects.create(
        controller=Controller.objects.get(pk=controller_id),
        measure=measure.key,
        breakdown=list(measure.breakdown),
        start=measure.start,
        end=measure.end,
        least=least,
        made_at=clock.now(),
    )
    ReleaseCell.objects.bulk_create(
        ReleaseCell(release=made, labels=list(cell.labels), people=cell.at_least, lines=cell.lines, amount=cell.amount)
        for cell in cells
    )
    return made


def figures(made: Release) -> list[ReleaseCell]:
    """The released cells, by labels."""
    return sorted(made.cells.all(), key=lambda cell: cell.labels)
