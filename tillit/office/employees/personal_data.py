"""What the employees' records answer for."""

from typing import Any

from tillit.declaration.registry import domain_check, personal
from tillit.office.employees.models import EmploymentRecord

personal(
    EmploymentRecord,
    category="employment",
    clocks={"employment_ended": "employment_ended", "collected": "recorded_at"},
    sealed=("sealed",),
    figures="the books count salaries",
)


def _promised(declared: Any) -> str:
    return "activities.employment" if declared.activity("employment") else ""


domain_check("employment", __file__, "proof", "employment", promised=_promised)
