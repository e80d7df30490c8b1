"""Nothing leaves undeclared, unasked or unlogged (H13, A8)."""

from typing import Any

import pytest

from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.disclosure import notices, queries
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.models import Disclosure, What
from tillit.disclosure.operations import Asked, Disclosed, DisclosedSet, disclose, disclose_many
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import end_relationship

pytestmark = pytest.mark.django_db


@pytest.fixture
def service() -> Controller:
    return publish_examples("loyalty_services")["trygghavn"]


def _out(
    controller: Controller,
    subject: int,
    recipient: str,
    activity: str = "card_blocking",
    *,
    more: dict[str, Any] | None = None,
    **fields: str,
) -> Disclosed:
    with Scope(system("test", {controller.pk}), activity, frozenset({subject})) as scope:
        return disclose(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            recipient=recipient,
            fields=fields,
            at=clock.now(),
            **(more or {}),
        )


def _log(controller: Controller, subject: int | None = None) -> list[Disclosure]:
    with Scope(system("test", {controller.pk}), "rights_requests"):
        rows = Disclosure.objects.filter(controller_id=controller.pk).order_by("recorded_at")
        return list(rows if subject is None else rows.filter(subject_id=subject))


def test_h13_what_leaves_is_cut_to_the_declared_fields_and_put_on_record(service: Controller) -> None:
    kari = person(service, "customer", given="Kari")
    card = {"name": "Kari Nordmann", "blocked_number": "4242424242424242", "customer_number": "K-1"}
    sent = _out(service, kari, "card_issuer", more={"party": "kortbank"}, **card)
    assert sent.payload == {"name": "Kari Nordmann", "blocked_number": "4242424242424242"}
    assert sent.withheld == ("customer_number",)
    (row,) = _log(service, kari)
    assert (row.recipient, row.party, row.ground, row.activity) == (
        "card_issuer",
        "kortbank",
        "contract",
        "card_blocking",
    )
    assert row.fields == {"identity": ["name"], "blocked_instrument": ["blocked_number"]}
    assert row.reference == sent.reference
    by_chance = {"_state", "id", "subject_id", "reference", "disclosed_at", "recorded_at"}  # any digits may be in them
    kept = {name: value for name, value in vars(row).items() if name not in by_chance}
    assert "4242" not in str(kept), "what was said is not kept"
    with Scope(system("test", {service.pk}), "rights_requests"):
        (event,) = Event.objects.filter(subject_id=kari, type="disclosure.made")
        assert event.details["fields"] == ["blocked_number", "name"]


@pytest.mark.parametrize(
    ("recipient", "activity", "fields", "more", "code"),
    [
        ("somebody_else", "card_blocking", ["name"], {}, "undeclared-recipient"),
        ("creditor", "card_blocking", ["name"], {}, "undeclared-recipient"),
        ("card_issuer", "card_blocking", ["national_number"], {}, "undeclared-category"),
        ("card_issuer", "card_blocking", ["shoe_size"], {}, "undeclared-field"),
        ("card_issuer", "card_blocking", ["customer_number"], {}, "nothing-left"),
        ("aggregate_readers", "statistics", ["gender"], {}, "only-aggregated"),
        ("card_issuer", "card_blocking", ["name"], {"country": "US"}, "no-transfer-ground"),
        ("telephony", "card_blocking", ["bonus"], {}, "undeclared-category"),
    ],
)
def test_a8_h13_what_is_not_declared_is_refused_and_leaves_no_trace(
    service: Controller, recipient: str, activity: str, fields: list[str], more: dict[str, str], code: str
) -> None:
    kari = person(service, "customer", given="Kari")
    assert _out(service, kari, "card_issuer", name="Kari").payload == {"name": "Kari"}
    with pytest.raises(DisclosureRefusedError) as refused:
        _out(service, kari, recipient, activity, more=more, **dict.fromkeys(fields, "x"))
    assert refused.value.code == code
    assert len(_log(service)) == 1


def test_h13_a_transfer_outside_the_eea_carries_its_declared_ground(service: Controller) -> None:
    kari = person(service, "customer", given="Kari")
    _out(service, kari, "concierge_supplier", "concierge", more={"country": "JP"}, name="Kari")
    (row,) = _log(service, kari)
    assert (row.country, row.transfer_ground) == ("JP", "contract_necessity")


def test_h4_h13_a_restricted_persons_data_does_not_leave(service: Controller) -> None:
    kari = person(service, "customer", given="Kari")
    with Scope(system("test", {service.pk}), "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=kari, controller_id=service.pk, ground="accuracy", at=clock.now())
    with pytest.raises(DisclosureRefusedError) as refused:
        _out(service, kari, "card_issuer", name="Kari")
    assert refused.value.code == "restricted"


def test_h13_an_order_of_law_reaches_people_who_have_left_and_a_service_does_not(service: Controller) -> None:
    kari = person(service, "customer", given="Kari")
    with Scope(system("test", {service.pk}), "customer_administration") as scope:
        end_relationship(
            scope=scope, subject_id=kari, controller_id=service.pk, kind="customer", ended=clock.today(), reason="moved"
        )
    assert _out(service, kari, "public_authority", "legal_disclosure", name="Kari").payload
    with pytest.raises(DisclosureRefusedError) as refused:
        _out(service, kari, "card_issuer", name="Kari")
    assert refused.value.code == "not-applicable"


def test_b5_h13_what_needs_a_yes_asks_the_person_first() -> None:
    union = publish_examples("union_benefits")["lyngheim"]
    kari = person(union, given="Kari")
    with pytest.raises(DisclosureRefusedError) as refused:
        _out(union, kari, "kobberkista_bank", "benefit_delivery", name="Kari")
    assert refused.value.code == "ask-first"
    yes = Asked(clock.now(), "web", "1" * 64)
    assert _out(union, kari, "kobberkista_bank", "benefit_delivery", more={"asked": yes}, name="Kari").payload
    (row,) = _log(union, kari)
    assert (row.ground, row.asked_at, row.wording) == ("consent", yes.at, yes.wording)


def _many(controller: Controller, people: dict[int, dict[str, str]]) -> DisclosedSet:
    with Scope(system("test", {controller.pk}), "partner_usage_report") as scope:
        return disclose_many(
            scope=scope,
            register_id=controller.register_id,
            controller_id=controller.pk,
            recipient="reported_partner",
            people=people,
            at=clock.now(),
        )


def test_h13_a_set_is_asked_and_logged_at_once_and_leaves_out_who_objected(
    service: Controller, django_assert_max_num_queries: Any
) -> None:
    people = [person(service, "customer", given=f"K{n}") for n in range(5)]
    with Scope(system("test", {service.pk}), "consent_management") as scope:
        consent.record(
            scope=scope,
            subject_id=people[0],
            controller_id=service.pk,
            activity="partner_usage_report",
            kind=EventKind.OBJECTED,
            route="web",
            wording="1" * 64,
            at=clock.now(),
        )
    _many(service, {people[1]: {"name": "x"}})
    with django_assert_max_num_queries(25):
        done = _many(service, {p: {"name": f"N{p}", "customer_number": "1"} for p in people})
    assert done.refused == {people[0]: "objected"}
    assert {one.subject_id for one in done.items} == set(people[1:])
    assert all(one.payload["name"] == f"N{one.subject_id}" for one in done.items)
    assert len([row for row in _log(service) if row.batch == done.batch]) == 4
    with Scope(system("test", {service.pk}), "security_log"):
        assert Event.objects.get(batch=done.batch).details["persons"] == 4


def test_h2_h13_whoever_received_is_owed_a_notice_until_told(service: Controller) -> None:
    kari = person(service, "customer", given="Kari")
    _out(service, kari, "card_issuer", name="Kari", blocked_number="4242")
    _out(service, kari, "mobile_operator", blocked_number="99")
    _out(service, kari, "telephony", "card_blocking", contact="x")
    with Scope(system("test", {service.pk}), "rights_requests", frozenset({kari})) as scope:
        owed = notices.owe(
            scope=scope, subject_id=kari, what=What.RECTIFIED, at=clock.now(), categories=["identity"], case_id=7
        )
        assert [one.categories for one in owed] == [["identity"]]
        assert not notices.owe(
            scope=scope, subject_id=kari, what=What.RECTIFIED, at=clock.now(), categories=["identity"]
        )
        assert [one.id for one in queries.owed(subject_id=kari)] == [owed[0].id]
        assert notices.told(scope=scope, subject_id=kari, notice_ids=[owed[0].id], how="email", at=clock.now()) == 1
        assert queries.owed(subject_id=kari) == []
        assert len(notices.owe(scope=scope, subject_id=kari, what=What.ERASED, at=clock.now())) == 2
