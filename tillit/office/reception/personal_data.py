"""What the reception answers for."""

from typing import Any

from tillit.declaration.registry import domain_check, not_personal, personal, simulated
from tillit.office.reception.models import Desk, Visit

personal(Visit, category="reception_visit", clocks={"visit_ended": "left_at"}, figures="a visit has none")
not_personal(Desk, because="which address the screen of a reception has")


def _promised(declared: Any) -> str:
    return "activities.reception" if declared.activity("reception") else ""


domain_check("reception", __file__, "proof", "reception", promised=_promised)
simulated("tillit.office.reception.simulated")
