"""STOP: no more marketing by SMS from anybody of the register, at once (F2). Whoever sends it need not be known."""

from tillit.journeys.leave_messages import leave_all
from tillit.journeys.sms.texts import say
from tillit.journeys.sms.types import Answer, Inbound


def stop(sms: Inbound) -> Answer:
    """Withdraw, and say so. A number that is nobody's gets the same answer: it receives nothing either."""
    if sms.subject_id is not None:
        leave_all(subject_id=sms.subject_id, register_id=sms.controller.register_id, channel="sms", route="sms")
    return Answer(say(sms.language, "stopped", name=sms.controller.name))
