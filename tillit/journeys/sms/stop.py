"""STOP: no more marketing by SMS from anybody of the register, at once (F2). Whoever sends it need not be known.

A number may be several people's: a couple's, or one's own and another's for offers. What is asked is that the number
gets no more offers, so the no is everybody's who has it.
"""

from tillit.declaration.models import Controller
from tillit.journeys.leave_messages import leave_all
from tillit.journeys.sms.texts import say
from tillit.journeys.sms.types import Answer, Inbound
from tillit.kernel.scope import Scope, system
from tillit.messages import addresses
from tillit.parties.lookup import by_address
from tillit.parties.merging import same_people
from tillit.parties.models import Fact


def stop(sms: Inbound) -> Answer:
    """Withdraw, and say so. A number that is nobody's gets the same answer: it receives nothing either."""
    for subject_id in sorted(_everybody(sms.sender, sms.controller.register_id)):
        leave_all(subject_id=subject_id, register_id=sms.controller.register_id, channel="sms", route="sms")
    return Answer(say(sms.language, "stopped", name=sms.controller.name))


def _everybody(number: str, register_id: int) -> set[int]:
    """The people of the register whom an SMS to the number is for, each by their own subject."""
    register = Controller.objects.filter(register_id=register_id, versions__isnull=False).values_list("pk", flat=True)
    with Scope(system("sms", register), "consent_management"):
        rows = Fact.objects.filter(kind__in=addresses.KINDS["sms"], value=number, superseded_at__isnull=True)
        found = set(rows.values_list("subject_id", flat=True))
    known = by_address(register_id=register_id, text=number)
    return set(same_people(found | ({known} if known is not None else set())).values())
