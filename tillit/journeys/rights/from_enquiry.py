"""An enquiry, perhaps a mail, that asks for a right becomes a request about it, from the day it came in (H8)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.cases.rights import CHANNELS
from tillit.declaration.models import Controller
from tillit.journeys.enquiries import handling, reading
from tillit.journeys.rights.receive import receive
from tillit.kernel.scope import Actor

OUTCOME = "passed_on"


def as_request(
    *,
    actor: Actor,
    controller: Controller,
    case_id: int,
    right: str,
    verified_how: str = "",
    language: str = "nb",
    fields: Mapping[str, Any] | None = None,
) -> Case:
    """Open the request, with the enquiry's person, way in and moment of reception, from which the deadline runs, and
    close the enquiry as passed on. Both or neither.

    Raises `CaseError` `closed` for an enquiry that is over, and what `receive` raises.
    """
    one = reading.case_for(actor=actor, controller=controller, case_id=case_id).shown.case
    if one.closed_at is not None:
        raise CaseError("closed", "the enquiry is over; open it again first")
    with transaction.atomic():
        made = receive(
            actor=actor,
            controller=controller,
            subject_id=one.subject_id,
            right=right,
            channel=way_of(one),
            received_at=one.received_at,
            verified_how=verified_how,
            language=language,
            fields=fields,
        )
        handling.close(actor=actor, controller=controller, case_id=case_id, outcome=OUTCOME)
    return made


def way_of(enquiry: Case) -> str:
    """How a request came that came as this enquiry: staff register none as the person's own doing."""
    return enquiry.channel if enquiry.channel in CHANNELS[1:] else "form"
