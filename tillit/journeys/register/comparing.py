"""What a file would do to the register: counted before anything is done, so that somebody can look at it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from tillit.declaration.models import Controller
from tillit.files.chunks import Reject
from tillit.journeys.register.reading import Listed, Read
from tillit.journeys.register.sqls import sql
from tillit.kernel.scope import Actor, Scope, system
from tillit.membership.reading.references import References
from tillit.parties import directories
from tillit.parties.digests import Kind

ACTIVITY = "register_import"


@dataclass
class Difference:
    """What a file would do. `gone`: whose membership ends, as a full file holds them no more. `fields`: field → values
    that change; `kept`: field → values that stay, since another than the union said them last.

    `renamed`: of how many a name or the birth date becomes another.
    `listed`: how many memberships a file has listed so far. `nameless`: damaged rows of which nobody can say whose they
    are: while there are any, who is missing from the file may be one of them.
    """

    rows: int = 0
    unchanged: int = 0
    joins: int = 0
    returns: int = 0
    changed: int = 0
    ends: int = 0
    moved_in: int = 0
    moved_out: int = 0
    restricted: int = 0
    past: int = 0
    listed: int = 0
    nameless: int = 0
    renamed: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    gone: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64), repr=False)

    @property
    def ending(self) -> int:
        """How many memberships end, by a row that says so or by none."""
        return self.ends + len(self.gone)

    def too_many(self, most: int) -> bool:
        """Whether more than `most` in a thousand of the listed memberships would end, or become somebody else's by name
        or birth date, or could not be used as theirs are another's.
        """
        others = self.renamed + self.reasons["other-person"]
        return max(self.ending, others) * 1000 > most * self.listed

    def summary(self) -> dict[str, int]:
        """What somebody approves, of one file (its digest names its `RegisterFile`): it must do the same."""
        return {
            "joins": self.joins + self.returns,
            "ends": self.ending,
            "changed": self.changed,
            "renamed": self.renamed,
        }


def compare(
    *, actor: Actor, known: References, done: Read, before: Listed, full: bool
) -> tuple[Difference, list[Reject]]:
    """The difference, and the rows that comparing found fault with (their values are not at hand: they are read anew).

    Leaves `register_row` and `register_fact` for `applying`. Within the caller's transaction or none.
    """
    found = Difference(rows=done.rows, unchanged=done.again, listed=len(before.subjects), nameless=done.nameless)
    union: dict[str, Any] = {"controller": known.controller_id, "register": known.register_id}
    has = {name: name in done.columns for name in ("section", "workplace", "payer", "agreements")}
    with Scope(actor, ACTIVITY), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute(sql("compare", "matched"), union)
        cursor.execute(sql("compare", "one_row_each"), {"unchanged": _known_again(cursor, done)})
        cursor.execute("ANALYZE register_matched (known)")
        cursor.execute(sql("compare", "standing"), union)
        with Scope(actor, "retention"):
            cursor.execute(sql("compare", "past"), union)
        cursor.execute(sql("compare", "compared"), union | has)
        with Scope(actor, "retention"):
            cursor.execute(sql("compare", "other_people"), union)
        cursor.execute("ANALYZE register_row (subject_id, act)")
        homeless(cursor, known.register_id)
        cursor.execute(sql("compare", "fact_changes"), union)
        faults = _faults(cursor)
        _count(cursor, union, found)
        if full:
            found.gone = np.setdiff1d(done.others, _present(cursor, known, done))
    found.reasons = done.reasons + Counter(reject.code for reject in faults)
    return found, faults


def homeless(cursor: Any, register_id: int) -> None:
    """Make `register_homeless` anew: whose address no file gives. No statement writes an address without asking it."""
    controllers = Controller.objects.filter(register_id=register_id).values_list("pk", flat=True)
    cursor.execute("DROP TABLE IF EXISTS register_homeless")
    with Scope(system("protection", controllers), "retention"):
        cursor.execute(sql("compare", "homeless"), {"register": register_id})


def _known_again(cursor: Any, done: Read) -> list[int]:
    """Those of the staged rows' people whose row stands unchanged in the same file."""
    cursor.execute(sql("compare", "present"))
    known = np.unique(np.array([one for (one,) in cursor.fetchall()], dtype=np.int64))
    again: list[int] = known[np.isin(known, done.unchanged, assume_unique=True)].tolist()
    return again


def _faults(cursor: Any) -> list[Reject]:
    cursor.execute(sql("compare", "faults"))
    fields = {"national-number-doubled": "national_number", "left-since": "joined"}
    return [Reject(line, fields.get(code, "member_number"), code) for line, code in cursor.fetchall()]


def _count(cursor: Any, union: dict[str, Any], found: Difference) -> None:
    cursor.execute(sql("compare", "acts"))
    acts = {act: rest for act, *rest in cursor.fetchall()}

    def many(act: str) -> int:
        return int(acts[act][0]) if act in acts else 0

    found.joins, found.returns, found.ends = many("join"), many("return"), many("end")
    found.restricted, found.past = many("restricted"), many("nothing")
    found.moved_in = sum(acts[act][1] for act in ("join", "return") if act in acts)
    found.moved_out = acts["end"][2] if "end" in acts else 0
    if many("keep"):
        cursor.execute(sql("compare", "fields"), union)
        for name, changed, kept in cursor.fetchall():
            if changed:
                found.fields[name] = changed
            if kept:
                found.kept[name] = kept
        cursor.execute(sql("compare", "other_names"))
        found.renamed = cursor.fetchone()[0]
        cursor.execute(sql("compare", "changed_people"), union)
        found.changed = cursor.fetchone()[0]
        found.unchanged += many("keep") - found.changed


def _present(cursor: Any, known: References, done: Read) -> NDArray[Any]:
    """Everybody a row of the file is about: also a row that cannot be used, where it says whose it is."""
    cursor.execute(sql("compare", "present"))
    people = [one for (one,) in cursor.fetchall()]
    digests = [UUID(bytes=one) for one in done.suspects]
    found = directories.resolve_set(register_id=known.register_id, kind=Kind.MEMBER_NUMBER, digests=digests)
    return np.array(people + list(found.values()), dtype=np.int64)
