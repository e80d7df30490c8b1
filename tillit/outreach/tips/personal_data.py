"""What tips answer for: nothing is kept. The way out is that of all mail."""

from typing import Any

from tillit.declaration.registry import domain_trial
from tillit.outreach.tips import proof


def _promised(declared: Any) -> str:
    return "activities.tip_a_friend" if declared.activity("tip_a_friend") else ""


domain_trial("tips", trial=proof.leaves_nothing, promised=_promised)
