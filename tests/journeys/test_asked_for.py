"""Addresses are kept right by registers made for it, and who has no e-mail address is asked for one (A7)."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.faces.simulators.population import AddressRegister
from tillit.journeys import asked_for, population
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.parties.contacts import record_address
from tillit.parties.models import Fact
from tillit.privacy.prove.run import prove
from tillit.registers.client import Register
from tillit.registers.sources import ADDRESSES


@pytest.fixture
def outside() -> Iterator[AddressRegister]:
    server = AddressRegister(0, token="proven")
    running = threading.Thread(target=server.serve_forever, daemon=True)
    running.start()
    yield server
    server.shutdown()
    server.server_close()
    running.join(timeout=60)


def _member(holder: Controller, family: str, number: str) -> int:
    subject = person(holder, given="Kari", family=family)
    with Scope(system("test", {holder.pk}), "membership_administration") as scope:
        record_address(
            scope=scope,
            register_id=holder.register_id,
            subject_id=subject,
            controller_id=holder.pk,
            kind="phone",
            text=number,
            source="data_subject",
            at=clock.now(),
        )
    return subject


def _city(holder: Controller, subject: int) -> list[tuple[str, str, str]]:
    with Scope(system("test", {holder.pk}), "membership_administration"):
        rows = Fact.objects.filter(subject_id=subject, kind="address.city", superseded_at__isnull=True)
        return list(rows.values_list("value", "source", "collected_under"))


def _status(holder: Controller, kind: str) -> str:
    found = {
        "address_register": "activities.enrichment",
        "missing_contact": "activities.membership_administration.channels",
    }
    rows = prove(kinds=["domains"], controllers=[holder.key])
    return next(one.finding.status for one in rows if one.promise.path == found[kind])


def test_a7_number_and_address_registers_are_asked_of_whoever_has_not_said_no(
    db: Any, outside: AddressRegister
) -> None:
    holder = publish_examples("bonus")["rundtur"]
    kari, ola = _member(holder, "Lunde", "+47 400 00 501"), _member(holder, "Vik", "+47 400 00 502")
    siv, stranger = _member(holder, "Moe", "+47 400 00 503"), _member(holder, "Dal", "+47 400 00 504")
    home = {"street": "Nygata 4", "postal_code": "9008", "city": "Tromsø"}
    outside.play(
        {
            "people": {
                "+4740000501": {"name": {"given": "Kari", "family": "Lunde"}, "address": home},
                "+4740000502": {"name": {"given": "En", "family": "Annen"}, "address": home},
                "+4740000503": {"name": {"given": "Kari", "family": "Moe"}, "address": home},
            }
        }
    )
    with Scope(system("test", {holder.pk}), "consent_management") as scope:
        consent.record(
            scope=scope, subject_id=siv, controller_id=holder.pk, activity="enrichment", kind=EventKind.OBJECTED,
            route="min_side", wording="1" * 64, at=clock.now(),
        )  # fmt: skip
    register = Register(outside.address, waits=(0.0,), numbered=False)
    done = population.refresh(controller=holder, register=register, source=ADDRESSES)
    assert done.failure == ""
    assert done.outcomes == {"changed": 1, "another_person": 1, "not_found": 1}
    assert {tuple(one) for one in outside.asked} == {("reference", "phone")}, "the number and nothing else"
    assert _city(holder, kari) == [("Tromsø", "address_register", "enrichment")]
    assert _city(holder, ola) == _city(holder, siv) == _city(holder, stranger) == []
    with Scope(system("test", {holder.pk}), "retention"):
        assert Disclosure.objects.filter(recipient="address_register").count() == 3
    assert population.refresh(controller=holder, register=register, source=ADDRESSES).asked == 0, "once a year"
    with Scope(system("test", {holder.pk}), "membership_administration"):
        names = Fact.objects.filter(subject_id=kari, kind__startswith="name.", superseded_at__isnull=True)
        assert set(names.values_list("value", "source")) == {("Kari", "data_subject"), ("Lunde", "data_subject")}
    assert _status(holder, "address_register") == "kept"
    with Scope(system("test", {holder.pk}), "enrichment"):
        Fact.objects.filter(subject_id=kari, kind="address.city").update(source="data_subject")
    assert _status(holder, "address_register") == "broken"


def test_a7_an_address_register_does_not_make_a_relative_of_whoever_gave_the_number(
    db: Any, outside: AddressRegister
) -> None:
    holder = publish_examples("bonus")["rundtur"]
    home = {"street": "Nygata 4", "postal_code": "9008", "city": "Tromsø"}
    told = {501: ("Per", "Lunde"), 502: ("Kari", "Vik"), 503: ("Kari Anne", "moe"), 504: ("Karin", "Dal")}
    people = {
        number: _member(holder, family, f"+47 400 00 {number}")
        for number, family in {501: "Lunde", 502: "Vik", 503: "Moe", 504: "Dal"}.items()
    }
    outside.play(
        {
            "people": {
                f"+4740000{number}": {"name": {"given": given, "family": family}, "address": home}
                for number, (given, family) in told.items()
            }
        }
    )
    register = Register(outside.address, waits=(0.0,), numbered=False)
    done = population.refresh(controller=holder, register=register, source=ADDRESSES)
    assert (done.failure, done.outcomes) == ("", {"changed": 2, "another_person": 2})
    assert [number for number, one in people.items() if _city(holder, one)] == [502, 503]


def test_a7_who_has_no_e_mail_address_is_asked_by_message_once_a_year(db: Any) -> None:
    holder = publish_examples("bonus")["rundtur"]
    with clock.travel(clock.now()):
        lacking = _member(holder, "Lunde", "+47 400 00 505")
        known = _member(holder, "Vik", "+47 400 00 506")
        with Scope(system("test", {holder.pk}), "membership_administration") as scope:
            record_address(
                scope=scope, register_id=holder.register_id, subject_id=known, controller_id=holder.pk, kind="email",
                text="vik@post.example", source="data_subject", at=clock.now(),
            )  # fmt: skip

        def told() -> list[tuple[int, str]]:
            with Scope(system("test", {holder.pk}), "membership_administration"):
                rows = Message.objects.filter(template=asked_for.TEMPLATE).order_by("queued_at")
                return list(rows.values_list("subject_id", "channel"))

        asked_for.ask_everywhere()
        assert [one for one, _ in told()] == [lacking]
        asked_for.ask_everywhere()
        clock.advance(timedelta(days=360))
        asked_for.ask_everywhere()
        assert len(told()) == 1, "once a year at most"
        assert _status(holder, "missing_contact") == "kept"
        clock.advance(timedelta(days=60))
        assert _status(holder, "missing_contact") == "broken", "nobody asked"
        asked_for.ask_everywhere()
        assert len(told()) == 2
        assert _status(holder, "missing_contact") == "kept"
