"""What the journeys answer for: files on their way in."""

from tillit.declaration.registry import domain_check, not_personal, simulated, transient
from tillit.journeys.asked_for import asks_under
from tillit.journeys.models import SentBody, SentFile

not_personal(SentFile, because="counts and codes of a file")
transient(
    SentBody,
    because="the bytes of a file that waits to be taken in, sealed; gone when it is",
    kept="P7D",
    clock_column="sent_at",
    not_backed_up="work that was waiting when the dump was made must not be done again",
)
domain_check(
    "missing_contact",
    __file__,
    "promises",
    "missing_contact",
    promised=lambda declaration: f"activities.{asks_under(declaration)}.channels" if asks_under(declaration) else "",
)
for _acts in ("energy", "nightly", "paying_out", "relatives"):
    simulated(f"tillit.journeys.simulate.{_acts}")
