"""The loyalty-services declaration, published and asked: what may be sent, and who is never contacted first."""

import pytest

from tests.support.world import person, publish_examples
from tillit.consent import operations, queries
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Controller:
    return publish_examples("loyalty_services")["trygghavn"]


def _say(company: Controller, subject: int, kind: EventKind, activity: str) -> ConsentEvent:
    with Scope(system("test", {company.pk}), "consent_management") as scope:
        return operations.record(
            scope=scope,
            subject_id=subject,
            controller_id=company.pk,
            activity=activity,
            kind=kind,
            route="self_service",
            wording="w1",
            at=clock.now(),
        )


def test_d14_data_held_on_legitimate_interest_never_makes_the_first_contact(company: Controller) -> None:
    kari = person(company, given="Kari", kind="customer")
    ask = {"controller_id": company.pk, "activity": "claims_defence", "subject_id": kari, "channel": "email"}
    assert queries.may(**ask, answering=True)
    assert queries.may(**ask).reason == "contact-first"
    assert queries.may(**{**ask, "activity": "important_notices"})


def test_d13_an_objection_ends_advice_fitted_to_gender(company: Controller) -> None:
    kari = person(company, given="Kari", kind="customer")
    ask = {"controller_id": company.pk, "activity": "tailored_advice", "subject_id": kari}
    assert queries.may(**ask)
    _say(company, kari, EventKind.OBJECTED, "tailored_advice")
    assert queries.may(**ask).reason == "objected"


def test_f9_a_newsletter_without_an_account_but_no_other_marketing(company: Controller) -> None:
    kari = person(company, given="Kari", kind="customer", account=False)
    for activity in ("newsletter", "marketing"):
        _say(company, kari, EventKind.GIVEN, activity)
    ask = {"controller_id": company.pk, "subject_id": kari, "channel": "email"}
    assert queries.may(**ask, activity="newsletter")
    assert queries.may(**ask, activity="marketing").reason == "no-account"


def test_f6_the_proof_of_a_consent_nothing_was_sent_on_lapses_too(company: Controller) -> None:
    kari = person(company, given="Kari", kind="customer")
    event = _say(company, kari, EventKind.GIVEN, "newsletter")
    assert event.last_marketing_message == event.at
