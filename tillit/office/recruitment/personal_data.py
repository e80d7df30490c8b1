"""What recruitment answers for."""

from typing import Any

from tillit.declaration.registry import domain_check, personal, simulated
from tillit.office.recruitment.models import Application, ApplicationFile

_NONE = "nobody counts who applies for work"
personal(Application, category="application", clocks={"decided": "decided_at"}, kind_column="stage", figures=_NONE)
personal(
    ApplicationFile,
    category="application",
    clocks={"decided": "decided_at"},
    sealed=("sealed",),
    not_exported={"sealed": "the file as it was sent in, which is handed out by who works with the application"},
    figures=_NONE,
)


def _promised(declared: Any) -> str:
    return "activities.recruitment" if declared.activity("recruitment") else ""


domain_check("recruitment", __file__, "proof", "recruitment", promised=_promised)
simulated("tillit.office.recruitment.simulated")
