"""Receipts of choices: a message where the person was not on their own pages, and on Min side for all (ISO/IEC TS
27560).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import format_datetime

from tillit.cases.files import ENDINGS
from tillit.consent.models import ConsentEvent, ProofFile, Wording
from tillit.consent.queries import proof_file
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import vocabulary
from tillit.journeys.consents.words import channel_name, first_language
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.errors import MessageRefusedError
from tillit.messages.operations import send
from tillit.parties.merging import same_person

ACTIVITY, TEMPLATE = "important_notices", {True: "consent_receipt", False: "withdrawal_receipt"}


@dataclass(frozen=True)
class Receipt:
    """One act as the person may keep it. text: the words it was made on, '' where only their digest was kept."""

    id: int
    activity: str
    channel: str
    kind: str
    at: datetime
    route: str
    wording: str
    text: str
    version: int
    evidence: str
    has_file: bool


def tell(*, controller: Controller, subject_id: int, activity: str, channel: str, on: bool, key: str) -> bool:
    """Send the person a receipt of what was recorded for them; whether one could go. `key`: once each."""
    declared = current(controller_id=controller.pk, on=clock.today())
    notices = declared.activity(ACTIVITY)
    if notices is None:
        return False
    language = first_language(controller)
    at = clock.now()
    values = {
        "purpose": vocabulary().activities[activity].name(language),
        "channel": channel_name(channel, language),
        "moment": format_datetime(at, "long", tzinfo=_zone(), locale=language),
        "name": declared.controller.name,
    }
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    with Scope(system("receipts", everyone), ACTIVITY) as scope:
        try:
            send(
                scope=scope,
                subject_id=subject_id,
                controller_id=controller.pk,
                template=TEMPLATE[on],
                values=values,
                at=at,
                key=key[:80],
            )
        except MessageRefusedError:
            return False
    return True


def receipts(*, actor: Actor, controller: Controller, subject_id: int) -> list[Receipt]:
    """Every act of the person at the controller, the newest first."""
    with Scope(actor, "rights_requests", frozenset({subject_id})):
        rows = ConsentEvent.objects.filter(subject_id__in=same_person(subject_id), controller_id=controller.pk)
        return shown(list(rows.order_by("-at", "-id")[:500]))


File = tuple[str, str, bytes]


def file_of(*, actor: Actor, subject_id: int, act: int, under: str = "rights_requests") -> File | None:
    """(name, media type, contents) of the file that shows an act of the person's; None where there is none."""
    with Scope(actor, under, frozenset({subject_id})):
        found = proof_file(subject_ids=same_person(subject_id), event_id=act)
    return (f"proof.{ENDINGS[found[0]]}", *found) if found is not None else None


def shown(events: list[ConsentEvent]) -> list[Receipt]:
    """The acts with the words they were made on, in the scope they were read in."""
    files = set(ProofFile.objects.filter(event_id__in=[one.id for one in events]).values_list("event_id", flat=True))
    texts = dict(Wording.objects.filter(digest__in={one.wording for one in events}).values_list("digest", "text"))
    return [
        Receipt(
            one.id,
            one.activity,
            one.channel,
            one.kind,
            one.at,
            one.route,
            one.wording,
            texts.get(one.wording, ""),
            one.declaration_version,
            one.evidence,
            one.id in files,
        )
        for one in events
    ]


def _zone() -> Any:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 (of the standard library)

    return ZoneInfo(DEFAULT_ZONE)
