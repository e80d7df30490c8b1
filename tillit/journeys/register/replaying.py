"""Rows that were put aside, once they are repaired: checked and applied by the same rules, as a delta of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tillit.declaration.models import Controller
from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.errors import SealedRowError
from tillit.journeys.register import applying, reading
from tillit.journeys.register.comparing import ACTIVITY, compare
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.membership import register_files
from tillit.membership.models import QuarantinedMember
from tillit.membership.reading import dates, references
from tillit.membership.reading.columns import COLUMNS


@dataclass(frozen=True)
class Replayed:
    """How many rows were played, and how many were taken in; the others wait on, with the reason they have now."""

    rows: int
    taken_in: int

    @property
    def waiting(self) -> int:
        """How many still wait."""
        return self.rows - self.taken_in


def replay(*, controller: Controller, ids: Sequence[int] = (), actor: Actor | None = None) -> Replayed:
    """Play the union's rows that wait again. Outside every scope and transaction.

    A row says all there is to say of a member; it is not listed by it, so that the union's next file is compared anew.
    """
    acting = actor or system("register", {controller.pk})
    known = references.load(controller=controller)
    with register_files.union_locked(controller_id=controller.pk):
        taken = 0
        rows = register_files.waiting(controller_id=controller.pk, ids=ids)
        by_file: dict[int, list[QuarantinedMember]] = {}
        for row in rows:
            by_file.setdefault(row.file_id, []).append(row)
        for mine in by_file.values():
            taken += _play(acting, known, mine)
    return Replayed(len(rows), taken)


def _play(actor: Actor, known: references.References, rows: list[QuarantinedMember]) -> int:
    """The rows of one file; how many were taken in."""
    values: dict[int, dict[str, str | None]] = {}
    for row in rows:
        try:
            values[row.line] = open_row(row)
        except SealedRowError:
            continue
    if not values:
        return 0
    frame = pl.DataFrame(
        [{LINE: line} | {name: given.get(name) for name in COLUMNS} for line, given in values.items()],
        schema={LINE: pl.Int64} | dict.fromkeys(COLUMNS, pl.String),
    )
    style = known.dates or dates.sniff([frame["joined"], frame["ended"], frame["birth_date"]])
    refused: dict[int, Reject] = {}

    def put(rejects: list[Reject]) -> None:
        refused.update({one.line: one for one in rejects})

    with Scope(actor, ACTIVITY):
        before = reading.listed(controller_id=known.controller_id)
    own = references.ours(known)
    done = reading.read(
        chunks=[Chunk(0, frame)], known=own, before=before, style=style, columns=_given(values), put=put,
        tell=lambda at: None, listing=False,
    )  # fmt: skip
    difference, faults = compare(actor=actor, known=own, done=done, before=before, full=False)
    put(faults)
    applying.apply(
        actor=actor, known=own, file=rows[0].file, difference=difference, numbers=done.numbers, ends_too=False,
        at=clock.now(),
    )  # fmt: skip
    for row in rows:
        if one := refused.get(row.line):
            QuarantinedMember.objects.filter(pk=row.pk).update(field=one.field, reason=one.code)
    good = [row for row in rows if row.line in values and row.line not in refused]
    return register_files.resolve(rows=good, how="taken in")


def open_row(row: QuarantinedMember) -> dict[str, str | None]:
    """The row's fields, without what is no field of ours."""
    return {name: text for name, text in register_files.open_row(row).items() if name in COLUMNS}


def _given(values: dict[int, dict[str, str | None]]) -> frozenset[str]:
    return frozenset(name for given in values.values() for name in given)
