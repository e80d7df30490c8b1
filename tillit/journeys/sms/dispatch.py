"""An SMS comes in: taken once, given to the handler of its first word; the rest becomes an enquiry (E8)."""

from datetime import datetime

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys.enquiries.opening import message_in
from tillit.journeys.sms.keywords import KEYWORDS
from tillit.journeys.sms.texts import say
from tillit.journeys.sms.types import Answer, Inbound
from tillit.kernel import clock
from tillit.kernel.identifiers import phone
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.messages import once
from tillit.parties.lookup import by_address
from tillit.parties.models import Fact

LONGEST = 2000
NOTHING = Answer("")


def dispatch(*, controller: Controller, key: str, sender: str, text: str, at: datetime) -> Answer:
    """Act on an SMS; what to answer. One taken in before is answered by nothing. `key`: the gateway's own id of it."""
    try:
        number = phone.normalise(sender)
    except IdentifierError:
        return NOTHING  # a service's short number: nobody to answer
    if not once.first(kind="sms", controller_id=controller.pk, key=key, at=clock.now()):
        return NOTHING
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    sms = Inbound(controller, key, number, text[:LONGEST].strip(), at, language, _whose(controller, number))
    handler = KEYWORDS.get(sms.word, _ask)
    try:
        answer = handler(sms)
    except BaseException:
        once.forget(kind="sms", controller_id=controller.pk, key=key)  # the gateway hands it over again
        raise
    once.finished(kind="sms", controller_id=controller.pk, key=key)
    return answer


def _whose(controller: Controller, number: str) -> int | None:
    """The person whose number it is; one given for marketing alone is in no directory, and is looked for."""
    found = by_address(register_id=controller.register_id, text=number)
    if found is not None:
        return found
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    with Scope(system("sms", everyone), "consent_management"):
        rows = Fact.objects.filter(kind="marketing.phone", value=number, superseded_at__isnull=True)
        people = set(rows.values_list("subject_id", flat=True)[:2])
    return people.pop() if len(people) == 1 else None


def _ask(sms: Inbound) -> Answer:
    """An enquiry from a person on record; anybody else is told where to turn."""
    said = current(controller_id=sms.controller.pk, on=clock.today()).controller
    if sms.subject_id is None or not sms.text:
        return Answer(say(sms.language, "unknown", name=said.name, contact=said.phone or said.email))
    message_in(
        controller=sms.controller,
        subject_id=sms.subject_id,
        channel="sms",
        subject="SMS",
        text=sms.text,
        key=f"sms:{sms.key}",
        at=sms.at,
    )
    return Answer(say(sms.language, "received", name=said.name))
