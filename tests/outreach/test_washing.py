"""The reservation register: who has not said yes is asked about before being called or written to (F3)."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from tests.outreach.phoning import calling_campaign, people_with_numbers
from tests.support.world import EXAMPLES
from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.schema import LegalBasis
from tillit.declaration.schema import Recipient as Receiver
from tillit.disclosure.models import Disclosure
from tillit.faces.simulators.reservation import ReservationRegister
from tillit.journeys import calling
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.models import Message
from tillit.outreach.campaigns import operations, running, washing
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign, Recipient
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact
from tillit.registers import reservation

pytestmark = pytest.mark.django_db


def company(*, asks: bool) -> Controller:
    """The loyalty-services company, its marketing on legitimate interest; `asks`: with the register as recipient."""
    declared, source = load(EXAMPLES / "loyalty_services" / "trygghavn.yaml")
    words = {"nb": "Å fortelle om tjenestene", "en": "To tell of the services"}
    basis = LegalBasis(ground="legitimate_interest", law="GDPR art. 6(1)(f)", interest=words, balancing=words)
    changed = []
    for activity in declared.activities:
        if activity.key == "marketing":
            activity = activity.model_copy(  # noqa: PLW2901 (the one that is changed)
                update={
                    "basis": (basis,),
                    "recipients": (*activity.recipients, *((reservation.KEY,) if asks else ())),
                    "records": (*activity.records, "disclosure_record"),
                }
            )
        changed.append(activity)
    register = Receiver(
        key=reservation.KEY, name="Reservasjonsregisteret", kind="authority", categories=("marketing_contact",),
        fields=words, ground="legal_obligation", when=words,
    )  # fmt: skip
    frame = {"first_contact_on_interest": True} if "first_contact_on_interest" in type(declared).model_fields else {}
    again = declared.model_copy(
        update={"activities": tuple(changed), "recipients": (*declared.recipients, register), **frame}
    )
    publish(declaration=again, source_text="changed", files=source.texts, at=clock.now())
    return Controller.objects.get(key="trygghavn")


def campaign(company: Controller, people: int) -> Campaign:
    people_with_numbers(company, people)
    return calling_campaign(company)


@pytest.fixture
def register(settings: Any) -> Any:
    server = ReservationRegister(0, token="t")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.REGISTERS = {**settings.REGISTERS, reservation.KEY: server.address}
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_f3_who_is_in_the_reservation_register_is_not_called_and_each_question_is_on_record(
    register: ReservationRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reservation, "WAITS", ())
    monkeypatch.setattr(reservation.reserved, "__kwdefaults__", {"waits": ()})
    here = company(asks=True)
    made = campaign(here, 4)
    register.reserved |= {"+4740000001"}
    register.faults += [503]
    running.run_everywhere()
    made.refresh_from_db()
    assert (made.status, made.problem) == ("paused", "register-busy"), "while it is silent nobody is called"
    assert rows_of(here) == []
    made = operations.move(
        actor=Actor("staff", "8", frozenset({here.pk}), frozenset({"marketing"})), campaign=made, to="sending"
    )
    running.run_everywhere()
    states = rows_of(here)
    assert sorted(states) == [("queued", "")] * 3 + [("withheld", "reserved")]
    (asked,) = register.asked
    assert asked["channel"] == "phone"
    assert {frozenset(one) for one in asked["people"]} == {frozenset({"reference", "marketing_contact"})}
    with Scope(system("test", {here.pk}), "rights_requests"):
        assert Disclosure.objects.filter(recipient=reservation.KEY).count() == 8, "each question, also the one in vain"
    with Scope(system("test", {here.pk}), "marketing"):
        assert Recipient.objects.filter(reserved=True).count() == 1
    running.run_everywhere()
    assert len(register.asked) == 1, "nobody is asked about twice within the month"
    with clock.travel(clock.now() + timedelta(days=31)):
        who = Actor("staff", "8", frozenset({here.pk}), frozenset({"marketing"}))
        assert calling.next_call(actor=who, campaign=made) is None
    assert {reason for _, reason in rows_of(here)} == {"reserved", "too-late"}, "an old answer is not relied on"


def rows_of(controller: Controller) -> list[tuple[str, str]]:
    with Scope(system("test", {controller.pk}), "rights_requests"):
        return list(Message.objects.filter(channel="phone").values_list("message_state", "reason"))


def test_f3_without_the_register_nobody_is_called_unless_they_said_yes(register: ReservationRegister) -> None:
    here = company(asks=False)
    with pytest.raises(CampaignError) as refused:
        campaign(here, 1)
    assert refused.value.code == "unwashed"
    declared, _ = load(EXAMPLES / "loyalty_services" / "trygghavn.yaml")
    activity = declared.activity("marketing")
    assert activity is not None
    assert not washing.needed(activity, "phone"), "a yes goes before the register"
    assert not washing.needed(activity, "email")


def test_f3_an_answer_of_the_register_is_relied_on_for_a_month_from_the_day_and_for_the_number_asked_about(
    register: ReservationRegister,
) -> None:
    here = company(asks=True)
    made = campaign(here, 3)
    Campaign.objects.filter(pk=made.pk).update(per_hour=1)
    made.refresh_from_db()
    Campaign.objects.filter(pk=made.pk).update(approved_digest=operations.digest(made))
    start = clock.now()
    who = Actor("staff", "8", frozenset({here.pk}), frozenset({"marketing"}))
    for days in (0, 1, 29):
        with clock.travel(start + timedelta(days=days)):
            running.run_everywhere()
    assert [len(rows_of(here)), len(register.asked)] == [2, 1], "the second one a month later, on the first answer"
    made.refresh_from_db()
    with Scope(system("test", {here.pk}), "marketing") as scope:
        first = Recipient.objects.filter(put_at__isnull=False).earliest("put_at").subject_id
        with clock.travel(start + timedelta(days=29)):
            record_fact(
                scope=scope, subject_id=first, controller_id=here.pk, category="marketing_contact",
                kind="marketing.phone", value="+4799999999", source="data_subject", at=clock.now(),
            )  # fmt: skip
    with clock.travel(start + timedelta(days=29, hours=2)):
        call = calling.next_call(actor=who, campaign=made)
        assert call is not None, "the answer holds still for the second"
        assert call.number != "+4799999999"
    assert ("withheld", "address-changed") in rows_of(here), "nobody was asked about the new number"
    with clock.travel(start + timedelta(days=31)):
        assert calling.next_call(actor=who, campaign=made) is None, "and not for two months"
    assert {reason for _, reason in rows_of(here)} == {"address-changed", "too-late"}


def test_f3_who_has_no_number_is_left_out_and_holds_nobody_up(register: ReservationRegister) -> None:
    here = company(asks=True)
    made = campaign(here, 2)
    running.start(campaign=made)
    with Scope(system("test", {here.pk}), "retention"):
        Fact.objects.filter(kind="marketing.phone").update(failed_at=clock.now())
    running.run_everywhere()
    made.refresh_from_db()
    assert (made.status, made.problem) == ("sent", "")
    with Scope(system("test", {here.pk}), "rights_requests"):
        found = Message.objects.filter(campaign_id=made.pk).values_list("message_state", "reason")
        assert list(found) == [("withheld", "no-address")] * 2
    assert register.asked == [], "nothing to ask about"
