"""What competitions answer for."""

from typing import Any

from tillit.declaration.registry import domain_check, not_personal, personal, simulated
from tillit.outreach.competitions.models import Competition, Entry

personal(
    Entry,
    category="competition_entry",
    clocks={"drawn": "drawn_at"},
    figures="how many entered and won is in the audit trail",
)
not_personal(Competition, because="what a competition says, when and for how many")


def _promised(declared: Any) -> str:
    return "activities.competitions" if declared.activity("competitions") else ""


domain_check("competitions", __file__, "proof", "competitions", promised=_promised)
simulated("tillit.outreach.competitions.simulated")
