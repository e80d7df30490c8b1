"""What seminars answer for."""

from typing import Any

from tillit.declaration.registry import domain_check, not_personal, personal, simulated
from tillit.outreach.seminars import links  # noqa: F401 (how a message's link is made)
from tillit.outreach.seminars.models import Seminar, Signup

personal(Signup, category="seminar", clocks={"held": "held_at"}, kind_column="standing", figures="a seminar has none")
not_personal(Seminar, because="what a seminar is, when and where")


def _promised(declared: Any) -> str:
    return "activities.seminars" if declared.activity("seminars") else ""


domain_check("seminars", __file__, "proof", "seminars", promised=_promised)
simulated("tillit.outreach.seminars.simulated")
