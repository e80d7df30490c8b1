"""What the visits answer for."""

from tillit.declaration.registry import domain_check, not_personal, transient
from tillit.visits.models import DayFigure, DayLabel, Hit, HourFigure, Salt

not_personal(
    Salt,
    because="a random number of the day",
    not_backed_up="it is destroyed the day after, in no copy kept: then nobody can be found again by address",
)
transient(
    Hit,
    because="single views under a visitor number of the day, without address or name; kept as declared",
    kept="P0D",
    clock_column="keep_until",
)
for model in (HourFigure, DayFigure, DayLabel):
    transient(model, because="counts of an hour or a day; kept as declared", kept="P0D", clock_column="keep_until")
domain_check(
    "visit_statistics",
    __file__,
    "promises",
    "visits",
    promised=lambda declaration: "visit_statistics" if declaration.visit_statistics else "",
)
