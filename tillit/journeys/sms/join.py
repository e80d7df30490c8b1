"""BLI MEDLEM, JOIN: whoever sends it gets a link to the form, with the number known (C1). Nothing is stored of it.

The answer is the same whether the number is a member's or not.
"""

from django.conf import settings

from tillit.declaration.queries import current
from tillit.journeys import join_link, joining
from tillit.journeys.sms.texts import say
from tillit.journeys.sms.types import Answer, Inbound
from tillit.kernel import clock
from tillit.kernel.identifiers import phone


def join(sms: Inbound) -> Answer:
    """The link, where the controller has a programme one joins and the sender is a mobile; else where to turn."""
    controller = sms.controller
    said = current(controller_id=controller.pk, on=clock.today()).controller
    if joining.offer(controller=controller) is None or not phone.is_mobile(sms.sender):
        return Answer(say(sms.language, "unknown", name=said.name, contact=said.phone or said.email))
    token = join_link.make(controller=controller, number=sms.sender)
    link = f"{settings.SITE_URL}/{controller.key}/join/{token}/"
    return Answer(say(sms.language, "join", name=said.name, link=link))
