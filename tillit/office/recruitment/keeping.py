"""The link by which an applicant agrees that the application is kept longer, and takes it back (H16). Made when the
message leaves, and kept nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity
from tillit.kernel import clock
from tillit.messages import tokens
from tillit.messages.templates import made_when_it_leaves

POOL = "candidate_pool"
_USE = "job_keep"


@dataclass(frozen=True)
class Asked:
    """Whose application of which controller the link is about."""

    controller: Controller
    subject_id: int


def offered(controller: Controller) -> Activity | None:
    """The activity that applicants may agree to, where the controller has declared one on consent."""
    found = current(controller_id=controller.pk, on=clock.today()).activity(POOL)
    return found if found is not None and any(basis.ground == "consent" for basis in found.basis) else None


def read(token: str) -> Asked | None:
    """What a link is about; None for one that is not ours."""
    match tokens.read(_USE, token):
        case [int(number), int(subject)]:
            controller = Controller.objects.filter(pk=number).first()
            return Asked(controller, subject) if controller is not None else None
    return None


def _link(subject_id: int, content: Mapping[str, Any]) -> str:
    number = int(content["controller"])
    controller = Controller.objects.filter(pk=number).first()
    if controller is None:
        return settings.SITE_URL
    return f"{settings.SITE_URL}/{controller.key}/jobs/keep/{tokens.make(_USE, number, subject_id)}/"


made_when_it_leaves("job_keep_link", _link)
