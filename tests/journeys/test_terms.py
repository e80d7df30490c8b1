"""New terms that must be accepted anew: what waits waits for whoever has not, and the yes is on record (A4)."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.test import Client

from tests.faces.conftest import make_person, sign_in
from tests.support.world import publish_examples
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.consent.queries import lawful_subjects, may
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.publish import publish
from tillit.declaration.queries import current
from tillit.journeys import terms
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import TermsAcceptance
from tillit.membership.queries import owing
from tillit.messages.models import Message
from tillit.parties.actors import member_actor
from tillit.parties.models import Subject
from tillit.parties.operations import open_account
from tillit.privacy.changes import announce
from tillit.privacy.prove.run import prove

pytestmark = pytest.mark.django_db
START = date(2026, 12, 1)


@pytest.fixture
def company() -> Iterator[Controller]:
    """The power retailer, whose new terms must be accepted anew; the newsletter waits for it."""
    with clock.travel(START):
        yield publish_examples("power")["fjordlys"]


def _change(company: Controller, **backup: str) -> DeclarationVersion:
    """New material terms in forty days, accepted actively."""
    standing = current(controller_id=company.pk, on=clock.today())
    changes = standing.changes.model_copy(update={"acceptance": "active", "waits": ("newsletter",)})
    new = standing.model_copy(
        update={
            "effective": clock.today() + timedelta(days=40),
            "changes": changes,
            "backup": standing.backup.model_copy(update=backup),
        }
    )
    made = publish(declaration=new, source_text="", at=clock.now())
    enforce_grants()
    return made


def _subscribe(company: Controller, subject: int) -> None:
    with Scope(system("test", {company.pk}), "consent_management") as scope:
        open_account(scope=scope, subject_id=subject, register_id=company.register_id, at=clock.now())
        record(
            scope=scope,
            subject_id=subject,
            controller_id=company.pk,
            activity="newsletter",
            kind=EventKind.GIVEN,
            route="web",
            wording="1" * 64,
            at=clock.now(),
        )


def _reason(company: Controller, subject: int) -> str:
    return may(controller_id=company.pk, activity="newsletter", subject_id=subject, channel="email").reason


def test_a4_what_needs_new_terms_waits_until_they_are_accepted_on_min_side(company: Controller, client: Client) -> None:
    kari = make_person(company, "Kari", "Nordseth", "+47 400 00 111", kind="customer")
    ola = make_person(company, "Ola", "Sunde", "+47 400 00 112", kind="customer")
    for one in (kari, ola):
        _subscribe(company, one.subject_id)
    version = _change(company, every="P2D")
    announce()
    with Scope(system("test", {company.pk}), "important_notices"):
        assert set(Message.objects.values_list("template", flat=True)) == {"changed_terms_to_accept"}
    assert _reason(company, kari.subject_id) == "", "the old terms hold still"
    with clock.travel(START + timedelta(days=40)):
        enforce_grants()
        assert _reason(company, kari.subject_id) == "terms-not-accepted"
        assert may(controller_id=company.pk, activity="important_notices", subject_id=kari.subject_id, channel="email")
        sign_in(client, kari)
        page = client.get(f"/{company.key}/min-side/").content.decode()
        assert f"/{company.key}/min-side/terms/" in page
        page = client.get(f"/{company.key}/min-side/terms/").content.decode()
        assert "<ins>" in page, "what differs is shown"
        answer = client.post(f"/{company.key}/min-side/terms/", {"version": version.number - 1})
        assert (answer.status_code, answer["Location"]) == (302, f"/{company.key}/min-side/terms/")
        assert _reason(company, kari.subject_id) == "terms-not-accepted", "another version than the one asked for"
        answer = client.post(f"/{company.key}/min-side/terms/", {"version": version.number})
        assert answer["Location"] == f"/{company.key}/min-side/"
        assert lawful_subjects(controller_id=company.pk, activity="newsletter", channel="email") == {kari.subject_id}
        with Scope(system("test", {company.pk}), "customer_administration"):
            rows = TermsAcceptance.objects.filter(controller_id=company.pk, version=version.number)
            assert list(rows.values_list("subject_id", "route")) == [(kari.subject_id, "min_side")]
        page = client.get(f"/{company.key}/min-side/").content.decode()
        assert f"/{company.key}/min-side/terms/" not in page


def test_a4_terms_to_come_are_accepted_beforehand_and_prove_sees_who_is_processed_without(
    company: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = make_person(company, "Kari", "Nordseth", "+47 400 00 111", kind="customer").subject_id
    ola = make_person(company, "Ola", "Sunde", "+47 400 00 112", kind="customer").subject_id
    for one in (kari, ola):
        _subscribe(company, one)
    version = _change(company, every="P2D")
    actor = member_actor(register_id=company.register_id, subject_id=kari, login_id=1)
    for _ in range(2):
        terms.accept(
            actor=actor,
            controller=company,
            subject_id=kari,
            number=version.number,
            route="min_side",
            at=clock.now(),
        )
    assert terms.asked(controller=company, subject_id=kari) is None
    with clock.travel(START + timedelta(days=41)):
        enforce_grants()
        assert (_reason(company, kari), _reason(company, ola)) == ("", "terms-not-accepted")
        kinds = {"acceptance", "consent"}
        found = {p.promise.path: p.finding.status for p in prove(kinds=kinds, controllers=["fjordlys"])}
        assert found["changes.acceptance"] == "kept"
        assert found["activities.newsletter.basis"] == "kept"
        Subject.objects.filter(pk=kari).update(alias_of_id=ola)  # one person: whichever of them accepted
        assert (_reason(company, kari), _reason(company, ola)) == ("", "")
        assert owing(company.pk, frozenset({kari, ola})) == frozenset()
        merged = prove(kinds={"acceptance"}, controllers=["fjordlys"])
        assert {p.finding.status: p.finding.evidence["people"] for p in merged} == {"kept": 1}
        Subject.objects.filter(pk=kari).update(alias_of_id=None)
        monkeypatch.setattr("tillit.consent.queries.waiting", lambda **_: frozenset())
        found = {p.promise.path: p.finding.status for p in prove(kinds=kinds, controllers=["fjordlys"])}
        assert found["changes.acceptance"] == "broken", "somebody is reached who has not accepted"
        assert found["activities.newsletter.basis"] == "broken"
