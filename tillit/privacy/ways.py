"""Where due rows are looked for: bounds that every due row keeps, cheap to ask of many rows (H10)."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counted:
    """A clock of people and the period from it. days: the statement that gives (subject_id, day); lapse: SQL for the
    end of the period after `b.day`; ends: whether what has lapsed ends rows (a ceiling) or only no longer keeps them.
    """

    days: str
    lapse: str
    ends: bool

    def condition(self) -> str:
        """On the person `s`: the latest day counts, so none may lie ahead. A clock that does not concern the person
        keeps nothing, and ends nothing either.
        """
        mine = f"EXISTS (SELECT FROM ({self.days}) b WHERE b.subject_id = s.id AND {self.lapse}"
        return (f"{mine} <= %(on)s) AND " if self.ends else "") + f"NOT {mine} > %(on)s)"


@dataclass
class Way:
    """One way in which rows come to be due, as bounds that every such row keeps; to look among few, not to decide.

    bounds: conditions on the row `t`. free: clocks of the person `s` that must have run out.
    """

    bounds: list[str] = field(default_factory=list)
    free: list[Counted] = field(default_factory=list)

    def __add__(self, other: "Way") -> "Way":
        return Way([*self.bounds, *other.bounds], [*self.free, *other.free])

    def __bool__(self) -> bool:
        return bool(self.bounds or self.free)

    def asked(self, nobodys: Collection[str]) -> list[str] | None:
        """Conditions on the person `s` whose own clocks let rows of theirs be due; None when nobody's do.

        nobodys: statements of clocks that concern nobody: they keep nothing, and end nothing.
        """
        if any(one.ends and one.days in nobodys for one in self.free):
            return None
        register = "s.register_id = (SELECT c.register_id FROM declaration_controller c WHERE c.id = %(holder)s)"
        return [register, *(one.condition() for one in self.free if one.days not in nobodys)]
