"""The loyalty-services declaration, published and asked: what may be sent, and who is never contacted first."""

from datetime import date

import pytest
from django.db import connection

from tests.support.world import EXAMPLES, person, publish_examples
from tillit.consent import operations, queries
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.declaration.publish import digest_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import end_relationship, record_fact
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


def test_d14_what_is_held_on_interest_alone_is_out_of_sight_of_who_writes_first(company: Controller) -> None:
    kari = person(company, given="Kari", kind="customer")
    with Scope(system("test", {company.pk}), "tailored_advice", frozenset({kari})) as scope:
        record_fact(
            scope=scope, subject_id=kari, controller_id=company.pk, category="gender", kind="gender", value="female",
            source="data_subject", at=clock.now(),
        )  # fmt: skip
    declared = load(EXAMPLES / "loyalty_services" / "trygghavn.yaml")[0]

    def held(activity: str) -> int:
        with Scope(system("test", {company.pk}), activity), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM parties_fact WHERE kind = 'gender'")
            return int(cursor.fetchone()[0])

    def publish_notices(*, on_interest: bool) -> None:
        """Notices ask for everything; what they get is what the declaration lets who writes first have."""
        wide = [
            one.model_copy(update={"uses": ("*",)}) if one.key == "important_notices" else one
            for one in declared.activities
        ]
        changed = declared.model_copy(update={"activities": tuple(wide), "first_contact_on_interest": on_interest})
        document = changed.model_dump(mode="json", by_alias=True)
        number = company.versions.count() + 1
        company.versions.create(
            number=number, published_at=clock.now(), effective=declared.effective, document=document, material=False,
            source_text="", files={}, digest=digest_of(document),
        )  # fmt: skip
        enforce_grants()

    publish_notices(on_interest=True)
    assert (held("tailored_advice"), held("important_notices")) == (1, 1)
    publish_notices(on_interest=False)
    assert (held("tailored_advice"), held("important_notices"), held("rights_requests")) == (1, 0, 1)
