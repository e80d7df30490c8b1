"""What gateways and mail servers report of messages we sent (F2, F5): arrived, failed, a dead address, a complaint."""

from dataclasses import dataclass
from datetime import datetime

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.declaration.vocabulary import vocabulary
from tillit.journeys.leave_messages import leave
from tillit.kernel.scope import Scope, system
from tillit.messages import bounces, reports, tokens
from tillit.messages.leaving import Leaving
from tillit.messages.sms import DEAD_NUMBER
from tillit.parties.models import Subject


@dataclass
class Reported:
    """What a mail of reports led to."""

    delivered: int = 0
    soft: int = 0
    hard: int = 0
    removed: int = 0
    complaints: int = 0
    unknown: int = 0


def sms(*, reference: str, delivered: bool, code: str, at: datetime) -> bool:
    """A gateway's report; whether it was of a message we know."""
    named = tokens.message_of(reference)
    if named is None or not _stands(*named[:2]):
        return False
    who = dict(zip(("subject_id", "controller_id", "message_id"), named, strict=True))
    if delivered:
        reports.delivered(**who, at=at)
    else:
        reports.failed(**who, reason=code or "not-delivered")
        if code in DEAD_NUMBER:
            reports.address_dead(**who, address="", at=at)
    return True


def mail(*, raw: bytes, at: datetime) -> Reported:
    """A mail server's report (RFC 3464, RFC 5965). Hard bounces alone take the address away; a complaint is a no.

    Raises `MessageRefusedError` for a mail that is no report, or names no message of ours.
    """
    done = Reported()
    for one in bounces.read(raw):
        who = {"subject_id": one.subject_id, "controller_id": one.controller_id, "message_id": one.message_id}
        if not _stands(one.subject_id, one.controller_id):
            done.unknown += 1
        elif one.kind == "delivered":
            done.delivered += reports.delivered(**who, at=at)
        elif one.kind == "soft":
            done.soft += 1
        elif one.kind == "hard":
            done.hard += 1
            reports.failed(**who, reason=f"bounced-{one.status}")
            done.removed += reports.address_dead(**who, address=one.address, at=at)
        else:
            done.complaints += _complained(one)
    return done


def _complained(one: bounces.Bounce) -> int:
    """Whoever reports marketing as unwanted gets no more of it."""
    everyone = {one.controller_id, holder_of(controller_id=one.controller_id)}
    with Scope(system("reports", everyone), "retention", frozenset({one.subject_id})):
        found = reports.find(subject_id=one.subject_id, controller_id=one.controller_id, message_id=one.message_id)
    if found is None or not vocabulary().activities[found.activity].marketing:
        return 0
    leave(link=Leaving(one.subject_id, one.controller_id, found.activity, found.channel), route="complaint")
    return 1


def _stands(subject_id: int, controller_id: int) -> bool:
    """Whether person and controller are still there, of one register."""
    controller = Controller.objects.filter(pk=controller_id).first()
    return controller is not None and Subject.objects.filter(pk=subject_id, register_id=controller.register_id).exists()
