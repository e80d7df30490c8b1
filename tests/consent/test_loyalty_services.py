"""The loyalty-services declaration, published and asked: what may be sent, and who is never contacted first."""

from datetime import date

import pytest

from tests.support.world import person, publish_examples
from tillit.consent import operations, queries
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import end_relationship
from tillit.privacy import retention

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
    with clock.travel(date(2026, 3, 1)):
        kari = person(company, given="Kari", kind="customer", account=False)
        _say(company, kari, EventKind.GIVEN, "newsletter")
        _say(company, kari, EventKind.WITHDRAWN, "newsletter")
    with Scope(system("test", {company.pk}), "customer_administration") as scope:
        end_relationship(
            scope=scope,
            subject_id=kari,
            controller_id=company.pk,
            kind="customer",
            ended=date(2026, 3, 1),
            reason="left",
        )

    def proofs(on: date) -> int:
        with clock.travel(on):
            retention.run()
            with Scope(system("test", {company.pk}), "consent_proof"):
                return ConsentEvent.objects.filter(subject_id=kari).count()

    assert proofs(date(2029, 2, 28)) == 2
    assert proofs(date(2029, 3, 1)) == 0
