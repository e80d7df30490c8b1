"""What happens by itself every night before retention runs, as the worker has it: what the days in rows mean."""

from tillit.cases import unfinished
from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act
from tillit.journeys import billing, family, insurance, partner_feeds


def _give_up() -> None:
    """What nobody has paid when the claim is barred is written off, also of who has left."""
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if billing.terms_begun(controller):
            billing.write_off(controller=controller)


ACTS: dict[str, Act] = {}
NIGHTLY = (partner_feeds.expire, insurance.follow_agreements, family.follow, _give_up, unfinished.close_everywhere)
