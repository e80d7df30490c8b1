"""People who may be called, and a campaign that calls them."""

from tests.support.world import person
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.outreach.campaigns import operations
from tillit.outreach.campaigns.models import Campaign
from tillit.parties.operations import record_fact


def people_with_numbers(company: Controller, count: int) -> list[int]:
    """Customers with a number each for marketing: +4740000000, +4740000001 …"""
    made = [person(company, "customer", given="Kari") for _ in range(count)]
    for place, one in enumerate(made):
        with Scope(system("test", {company.pk}), "marketing") as scope:
            record_fact(
                scope=scope, subject_id=one, controller_id=company.pk, category="marketing_contact",
                kind="marketing.phone", value=f"+474000{place:04d}", source="data_subject", at=clock.now(),
            )  # fmt: skip
    return made


def calling_campaign(company: Controller) -> Campaign:
    """An approved campaign over the phone to everybody."""
    actors = [Actor("staff", ref, frozenset({company.pk}), frozenset({"marketing"})) for ref in ("7", "8")]
    made = operations.make(actor=actors[0], controller=company, name="Ring", activity="marketing", channel="phone")
    operations.change(actor=actors[0], campaign=made, short="Hei, vi ringer om vern.")
    return operations.approve(actor=actors[1], campaign=made)
