"""Is this person entitled? One bit to the partner, on record; a usage report only with the partner's ground (D1)."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.services.products import NOW, Company, company
from tillit.cases import operations as cases
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.disclosure import queries as disclosures
from tillit.faces.api import keys
from tillit.journeys import insurance
from tillit.journeys.entitlement_asked import usage_report
from tillit.journeys.files import sending
from tillit.journeys.files.errors import SentFileError
from tillit.journeys.models import FileState, SentFile
from tillit.kernel import clock
from tillit.parties import staff
from tillit.parties.actors import staff_actor
from tillit.parties.models import Relationship
from tillit.services import blocking, covers, entitled, partners
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import Cover
from tillit.services.product_models import Partner, Payer
from tillit.services.reference_data import keep_product


@pytest.fixture
def trygghavn(fresh_db: object) -> Company:
    clock.travel(NOW)
    return company()


def post(partner: Partner, path: str, body: dict[str, Any], **more: Any) -> Any:
    _, key = keys.add(partner=partner, name="core system", scopes=more.get("scopes", list(keys.PARTNER_SCOPES)))
    headers = {"Authorization": f"Bearer {key}"}
    return Client().post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers)


def row(number: str, given: str = "Kari", **more: str) -> dict[str, str]:
    return {"given": given, "family": "Fjell", "product": "trygg", "customer_number": number, **more}


def told(of: Company, subject: int) -> list[tuple[str, str, dict[str, list[str]]]]:
    with of.scope(subject, "rights_requests"):
        return [(one.recipient, one.party, one.fields) for one in disclosures.about(subject_id=subject)]


def test_d1_a_partner_sends_by_api_and_the_same_rows_again_do_nothing(trygghavn: Company) -> None:
    body = {"rows": [row("K-1", email="kari@post.example"), row("K-2", "Ola", product="hus")], "full": True}
    first = post(trygghavn.bank, "entitlements", body)
    assert first.status_code == 200, first.text
    said = first.json()
    assert (said["counts"]["new"], said["counts"]["not_taken"], said["state"]) == (1, 1, "applied")
    assert said["refused"] == [{"line": 2, "field": "product", "code": "unknown-product"}]
    assert len(trygghavn.entitled()) == 1
    only = {"rows": [row("K-1", email="kari@post.example")], "full": True}
    post(trygghavn.bank, "entitlements", only)
    assert post(trygghavn.bank, "entitlements", only).json()["repeated"]
    assert post(trygghavn.bank, "entitlements", only, scopes=["entitlements:check"]).status_code == 403
    assert post(trygghavn.bank, "entitlements", {"rows": [{**row("K-1"), "note": "x"}]}).status_code == 422


def test_d1_a_list_by_api_that_ends_too_many_is_approved_at_the_desk_and_not_sent_again(trygghavn: Company) -> None:
    post(trygghavn.bank, "entitlements", {"rows": [row(f"K-{n}", f"Kari{n}") for n in range(10)], "full": True})
    short = {"rows": [row(f"K-{n}", f"Kari{n}") for n in range(4)], "full": True}
    assert post(trygghavn.bank, "entitlements", short).json()["state"] == "waiting"
    post(trygghavn.bank, "entitlements", short)
    waits = SentFile.objects.get(kind="entitlements", state=FileState.EXAMINED)  # once, whoever asks again
    assert (waits.found["approval"], waits.found["would"]) == ("needed", {"ends": 6})
    assert sum(not one.end_reason for one in trygghavn.entitled()) == 10
    colleague = staff.add(
        email="tor@trygghavn.example", name="Tor", role="service_agent", controller=trygghavn.controller,
        confidentiality=date(2026, 1, 1),
    )  # fmt: skip
    who = {"actor": staff_actor(staff=colleague, controller=trygghavn.controller), "controller": trygghavn.controller}
    with pytest.raises(SentFileError):
        sending.confirm(file_id=waits.pk, **who)
    sending.confirm(file_id=waits.pk, approve=True, **who)
    assert sending.take_in_waiting() == 1
    assert sum(not one.end_reason for one in trygghavn.entitled()) == 4
    again = post(trygghavn.bank, "entitlements", short).json()
    assert (again["repeated"], again["state"]) == (True, "applied"), "approved there, it is the same list"
    assert not SentFile.objects.filter(kind="entitlements", state=FileState.EXAMINED).exists()


def test_d7_whom_a_partner_insures_is_covered_without_ordering_anything(trygghavn: Company) -> None:
    collective = keep_product(
        controller=trygghavn.controller, key="kollektiv", names={"nb": "Kollektiv", "en": "Collective"},
        services=["insurance_cover"], payers=["partner"], starts=date(2026, 1, 1), by_itself=True,
    )  # fmt: skip
    covers.keep_terms(
        controller=trygghavn.controller, product=collective.key, policy="F-1", insures={"nb": "ID", "en": "ID"},
        most=1_000_000, own_share=0, starts=date(2026, 1, 1),
    )  # fmt: skip
    post(trygghavn.bank, "entitlements", {"rows": [row("K-1", product="kollektiv")], "full": True})
    (kari,) = trygghavn.entitled()
    assert insurance.follow_agreements() == 1

    def cover() -> Cover:
        with trygghavn.everyone():
            return Cover.objects.get(subject_id=kari.subject_id)

    assert (cover().starts, cover().ends) == (clock.today(), None)
    with trygghavn.everyone():
        assert Relationship.objects.filter(subject_id=kari.subject_id, kind="customer", ended=None).exists()
    ends = clock.today() + timedelta(days=9)
    with trygghavn.scope(kari.subject_id, "entitlement_check") as scope:
        entitled.end(scope=scope, entitlement=kari, at=clock.now() + timedelta(days=9))
    assert insurance.follow_agreements() == 1
    assert cover().ends == ends, "its eighteen months are counted from there"
    with pytest.raises(ServiceError):
        keep_product(
            controller=trygghavn.controller, key="x", names={"nb": "X", "en": "X"}, services=["insurance_cover"],
            payers=["customer"], starts=date(2026, 1, 1), by_itself=True,
        )  # fmt: skip


def test_d1_a_partner_is_told_one_bit_of_its_own_customers_and_a_yes_is_on_record(trygghavn: Company) -> None:
    post(trygghavn.bank, "entitlements", {"rows": [row("K-1")]})
    (kari,) = trygghavn.entitled()

    def ask(of: Partner, number: str, product: str = "trygg") -> Any:
        return post(of, "entitlements/check", {"customer_number": number, "product": product}).json()

    assert ask(trygghavn.bank, "K-9") == {"entitled": False}
    assert ask(trygghavn.bank, "K-1", "hus") == {"entitled": False}
    assert ask(trygghavn.union, "K-1") == {"entitled": False}, "another partner's customer"
    assert told(trygghavn, kari.subject_id) == []
    assert ask(trygghavn.bank, "K-1") == {"entitled": True}
    assert told(trygghavn, kari.subject_id) == [("entitling_partner", "fjordbank", {"identity": ["customer_number"]})]
    with trygghavn.scope(kari.subject_id, "rights_requests") as opened:
        consent.restrict(
            scope=opened,
            subject_id=kari.subject_id,
            controller_id=trygghavn.controller.pk,
            ground="accuracy",
            at=clock.now(),
        )
    assert ask(trygghavn.bank, "K-1") == {"entitled": False}


def used(of: Company, subject: int) -> None:
    with of.scope(subject, "card_blocking") as opened:
        cases.open_case(
            scope=opened,
            subject_id=subject,
            controller_id=of.controller.pk,
            kind=blocking.BLOCK,
            channel="phone",
            at=clock.now(),
            fields={},
            language="nb",
        )


def test_d1_a_usage_report_needs_the_partner_s_ground_and_holds_free_users_alone(trygghavn: Company) -> None:
    post(trygghavn.bank, "entitlements", {"rows": [row(f"K-{n}", f"Kari{n}") for n in range(1, 5)]})
    free, objects, idle, paying = [one.subject_id for one in trygghavn.entitled()]
    for subject in (free, objects, idle, paying):
        trygghavn.born(subject, "1990-05-04")
        if subject == paying:
            trygghavn.agree(subject)
        else:
            trygghavn.agree(subject, Payer.PARTNER, partner=trygghavn.bank)
    for subject in (free, objects, paying):
        used(trygghavn, subject)
    with trygghavn.scope(objects, "consent_management") as opened:
        consent.record(
            scope=opened,
            subject_id=objects,
            controller_id=trygghavn.controller.pk,
            activity="partner_usage_report",
            kind=EventKind.OBJECTED,
            route="self_service",
            wording="",
            at=clock.now(),
        )
    month = {"first": date(2026, 3, 1), "until": date(2026, 4, 1)}
    with pytest.raises(ServiceError, match="has not confirmed its own legal ground") as refused:
        usage_report(partner=trygghavn.bank, **month)
    assert refused.value.code == "no-ground"
    assert told(trygghavn, free) == []
    partners.confirm_ground(
        partner=trygghavn.bank,
        ground="legitimate_interest",
        confirmed_by="Siri Bank",
        document="Archive 26/114",
        starts=clock.today(),
    )
    made = usage_report(partner=trygghavn.bank, **month)
    assert [one.payload for one in made.items] == [{"customer_number": "K-1"}]
    assert made.left_out == 1, "who has objected"
    assert told(trygghavn, free) == [("reported_partner", "fjordbank", {"identity": ["customer_number"]})]
    for subject in (objects, idle, paying):
        assert told(trygghavn, subject) == []
    clock.travel(datetime(2026, 3, 9, 9, tzinfo=UTC))
    assert partners.withdraw_ground(partner=trygghavn.bank)
    with pytest.raises(ServiceError):
        usage_report(partner=trygghavn.bank, **month)


def test_d1_a_usage_report_tells_of_nothing_but_use_on_a_free_day_of_what_is_free(trygghavn: Company) -> None:
    post(trygghavn.bank, "entitlements", {"rows": [row(f"K-{n}", f"Kari{n}") for n in range(1, 4)]})
    both, paid, other = [one.subject_id for one in trygghavn.entitled()]
    for subject in (both, paid, other):
        trygghavn.born(subject, "1990-05-04")
        trygghavn.agree(subject, Payer.PARTNER, partner=trygghavn.bank)
    partners.confirm_ground(
        partner=trygghavn.bank, ground="legitimate_interest", confirmed_by="S", document="D", starts=clock.today()
    )
    used(trygghavn, both)
    clock.travel(datetime(2026, 3, 5, 9, tzinfo=UTC))
    for subject in (both, paid):
        trygghavn.agree(subject)  # paid for by themselves from today
        used(trygghavn, subject)
    month = {"first": date(2026, 3, 1), "until": date(2026, 4, 1)}
    assert [one.payload for one in usage_report(partner=trygghavn.bank, **month).items] == [{"customer_number": "K-1"}]
    assert usage_report(partner=trygghavn.bank, first=date(2026, 3, 5), until=date(2026, 4, 1)).items == ()
    used(trygghavn, other)
    trygghavn.product.services = ["object_registration"]
    trygghavn.product.save()
    assert usage_report(partner=trygghavn.bank, **month).items == (), "card blocking is no part of what is free"
