"""Family and children (D2, D12): own yes from fifteen, the parent's before; withdrawn at once with what was entered."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError

from tests.services.conftest import CONFIRMS, number_that
from tests.services.products import NOW, Company, company
from tillit.consent import operations as consent
from tillit.consent.models import Choice
from tillit.journeys import agreements as desk
from tillit.journeys import family as journey
from tillit.journeys import family_link, family_ties
from tillit.journeys.agreements import close_lapsed
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.models import Fact, Relationship
from tillit.parties.queries import facts
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import agreements
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.family_models import FamilyMember
from tillit.services.models import BlockOrder, Instrument, Issuer

WORDS = "I say yes"


@pytest.fixture
def trygghavn(fresh_db: object) -> Company:
    clock.travel(NOW)
    made = company()
    Issuer.objects.create(controller=made.controller, key="nordbank", kind="card", name="Nordbank", phone="+4740000099")
    return made


@pytest.fixture
def kari(trygghavn: Company) -> int:
    subject = trygghavn.customer()
    trygghavn.agree(subject)
    return subject


def invite(of: Company, holder: int) -> str:
    return journey.invite(controller=of.controller, subject_id=holder, name="Ola", relation="partner")


def accept(of: Company, subject: int, secret: str, born: str = "") -> FamilyMember:
    return family_link.accept(controller=of.controller, subject_id=subject, secret=secret, born=born, wording=WORDS)


def child(of: Company, holder: int, born: str = "2014-06-01", *, agreed: bool = True) -> FamilyMember:
    return journey.add_child(
        controller=of.controller,
        subject_id=holder,
        given="Liv",
        surname="Nordmann",
        born=born,
        agreed=agreed,
        wording=WORDS,
    )


def card(of: Company, holder: int, member: FamilyMember) -> Instrument:
    return journey.put_on(
        controller=of.controller,
        subject_id=holder,
        member_id=member.id,
        issuer="nordbank",
        number=number_that(CONFIRMS),
        expires_on=None,
    )


def refusal(act: object, *given: object, **more: object) -> str:
    with pytest.raises(ServiceError) as refused:
        act(*given, **more)  # type: ignore[operator]
    return refused.value.code


def standing(of: Company, subject: int) -> list[Instrument]:
    with of.everyone():
        return list(Instrument.objects.filter(subject_id=subject, removed_at=None))


def test_d12_an_adult_is_added_by_their_own_yes_and_withdraws_at_once(trygghavn: Company, kari: int) -> None:
    ola = trygghavn.customer(given="Ola")
    secret = invite(trygghavn, kari)
    assert journey.mine(controller=trygghavn.controller, subject_id=kari).members == []
    made = accept(trygghavn, ola, secret)
    assert (made.consent_by, made.holder_id) == ("self", kari)
    assert refusal(accept, trygghavn, ola, secret) == "invitation-over", "a link works once"
    entered = card(trygghavn, kari, made)
    (shown,) = journey.mine(controller=trygghavn.controller, subject_id=kari).members
    assert (shown.name, [one.id for one in shown.cards]) == ("Ola Nordmann", [entered.id])
    with trygghavn.scope(ola, "consent_management"):
        assert Choice.objects.get(subject_id=ola, activity="family_services").consented
    journey.withdraw(controller=trygghavn.controller, subject_id=ola, member_id=made.id)
    assert standing(trygghavn, ola) == []
    with trygghavn.everyone():
        (gone,) = Instrument.objects.filter(subject_id=ola)
        assert (gone.sealed, gone.fingerprint) == (None, None)
        assert not Choice.objects.get(subject_id=ola, activity="family_services").consented
        kinds = dict(Relationship.objects.filter(subject_id=ola).values_list("kind", "ended"))
    assert kinds == {"customer": None, "family_member": date(2026, 3, 2)}, "still a customer"
    assert refusal(card, trygghavn, kari, made) == "no-family"


def test_d2_a_card_of_the_family_is_blocked_in_its_owner_s_name(trygghavn: Company, kari: int) -> None:
    made = child(trygghavn, kari)
    entered = card(trygghavn, kari, made)
    journey.block(controller=trygghavn.controller, subject_id=kari, member_id=made.id, language="nb")
    with trygghavn.everyone():
        (order,) = BlockOrder.objects.all()
    assert (order.subject_id, order.instrument_id) == (made.subject_id, entered.id)
    with Scope(system("test", {trygghavn.controller.pk}), "card_blocking", frozenset({kari})):
        assert not Fact.objects.filter(subject_id=made.subject_id).exists(), "the parent's own scope sees no child"
    journey.remove(controller=trygghavn.controller, subject_id=kari, member_id=made.id)
    assert standing(trygghavn, made.subject_id), "it is being blocked just now"
    with trygghavn.everyone("card_blocking"):
        BlockOrder.objects.filter(id=order.id).update(order_state="confirmed", settled_at=clock.now())
    journey.follow()
    assert standing(trygghavn, made.subject_id) == []


def test_d12_a_child_under_fifteen_is_added_by_the_parent_and_decides_on_the_day(trygghavn: Company, kari: int) -> None:
    assert refusal(child, trygghavn, kari, agreed=False) == "parent-yes"
    assert refusal(child, trygghavn, kari, "2011-03-02") == "child-consents", "fifteen today"
    made = child(trygghavn, kari, "2011-03-03")
    card(trygghavn, kari, made)
    (shown,) = journey.mine(controller=trygghavn.controller, subject_id=kari).members
    assert shown.decides == date(2026, 3, 3)
    assert journey.follow() == 0
    clock.travel(datetime(2026, 3, 3, 0, 5, tzinfo=UTC))
    assert refusal(card, trygghavn, kari, made) == "child-consents", "whether or not the job has run"
    assert journey.follow() == 1
    assert standing(trygghavn, made.subject_id) == []
    with trygghavn.everyone():
        assert FamilyMember.objects.get(id=made.id).end_reason == "of_age"


def test_d12_who_is_under_fifteen_cannot_say_yes_alone(trygghavn: Company, kari: int) -> None:
    young = trygghavn.customer(born="2011-03-03", given="Liv")
    secret = invite(trygghavn, kari)
    assert refusal(accept, trygghavn, young, secret) == "parent-consents"
    assert refusal(accept, trygghavn, kari, secret) == "own-family"
    clock.travel(datetime(2026, 3, 3, 9, tzinfo=UTC))
    assert accept(trygghavn, young, secret).consent_by == "self"


def test_d12_who_turns_eighteen_in_a_family_is_a_customer_by_what_they_said_there(
    trygghavn: Company, kari: int
) -> None:
    with trygghavn.everyone("family_services") as scope:
        ola = parties.create_subject(scope=scope, register_id=trygghavn.controller.register_id)
        known = [parties.NewFact("family", f"name.{one}", text) for one, text in (("given", "Ola"), ("family", "Li"))]
        said = {"subject_id": ola, "controller_id": trygghavn.controller.pk, "source": "data_subject"}
        parties.record_facts(scope=scope, **said, facts=known, at=clock.now())
    made = accept(trygghavn, ola, invite(trygghavn, kari), "2008-03-03")
    own = {"actor": system("test", {trygghavn.controller.pk}), "controller": trygghavn.controller, "subject_id": ola}
    assert not desk.mine(**own).asks_birth_date
    assert refusal(desk.subscribe, **own, product="trygg") == "too-young"
    clock.travel(datetime(2026, 3, 3, 9, tzinfo=UTC))
    agreement = desk.subscribe(**own, product="trygg")
    with trygghavn.scope(ola):
        assert facts(subject_id=ola) == {"name.given": "Ola", "name.family": "Li", "birth_date": "2008-03-03"}
    (shown,) = journey.mine(controller=trygghavn.controller, subject_id=kari).members
    assert (shown.name, shown.member.id) == ("Ola Li", made.id), "and still in the family, by their own yes"
    desk.end(**own, agreement_id=agreement.id)
    clock.travel(datetime(2026, 3, 4, 9, tzinfo=UTC))
    assert close_lapsed() == 1
    clock.travel(datetime(2026, 6, 5, 9, tzinfo=UTC))
    retention.run()
    (shown,) = journey.mine(controller=trygghavn.controller, subject_id=kari).members
    assert shown.name == "Ola Li", "a customer no more, and known to the family as long as that lasts"


def test_d12_a_family_needs_a_service_and_ends_with_it(trygghavn: Company, kari: int) -> None:
    ola = trygghavn.customer(given="Ola")
    assert refusal(child, trygghavn, ola) == "no-service"
    made = child(trygghavn, kari)
    card(trygghavn, kari, made)
    secret = invite(trygghavn, kari)
    clock.travel(NOW + timedelta(days=15))
    assert refusal(accept, trygghavn, ola, secret) == "invitation-over", "fourteen days"
    with trygghavn.scope(kari):
        Relationship.objects.filter(subject_id=kari).update(ended=date(2026, 3, 17), end_reason="own_wish")
    assert journey.follow() == 1
    assert standing(trygghavn, made.subject_id) == []
    clock.travel(datetime(2026, 6, 18, 9, tzinfo=UTC))
    retention.run()
    with trygghavn.everyone():
        assert not Fact.objects.filter(subject_id=made.subject_id).exists(), "three months later nothing is left"
        assert not FamilyMember.objects.filter(id=made.id).exists()


def test_d12_the_database_holds_a_parent_s_consent_to_children_alone(trygghavn: Company, kari: int) -> None:
    made = child(trygghavn, kari)
    with trygghavn.scope(made.subject_id, "family_services"), pytest.raises(IntegrityError, match="parent_of_child"):
        FamilyMember.objects.filter(id=made.id).update(relation="partner")


def test_d12_a_tie_whose_consent_is_gone_and_a_grown_child_are_seen(trygghavn: Company, kari: int) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if "family_services" in one.promise.path}

    made = child(trygghavn, kari, "2011-03-10")
    assert status() == {"kept"}
    with trygghavn.everyone("consent_management"):
        Choice.objects.filter(subject_id=made.subject_id).update(consented=False)
    assert status() == {"broken"}
    with trygghavn.everyone("consent_management"):
        Choice.objects.filter(subject_id=made.subject_id).update(consented=True)
    clock.travel(datetime(2026, 3, 14, 9, tzinfo=UTC))
    assert status() == {"broken"}, "nobody let the child go"
    journey.follow()
    assert status() == {"kept"}


def test_d12_a_customer_whose_data_is_restricted_or_who_may_undo_the_ending_has_not_left(
    trygghavn: Company, kari: int
) -> None:
    made = accept(trygghavn, trygghavn.customer(given="Ola"), invite(trygghavn, kari))
    card(trygghavn, kari, made)
    given = {"subject_id": kari, "at": clock.now()}
    with trygghavn.scope(kari, "rights_requests") as opened:
        consent.restrict(scope=opened, controller_id=trygghavn.controller.pk, ground="accuracy", **given)
    assert (journey.follow(), len(standing(trygghavn, made.subject_id))) == (0, 1)
    with trygghavn.scope(kari, "rights_requests") as opened:
        consent.lift(scope=opened, **given)
    with trygghavn.scope(kari) as opened:
        (agreement,) = Agreement.objects.filter(subject_id=kari)
        agreements.end(scope=opened, agreement=agreement, at=clock.now(), reason="unpaid")
    clock.travel(NOW + timedelta(days=10))
    assert close_lapsed() == 1
    retention.run()
    assert refusal(card, trygghavn, kari, made) == "no-service", "nothing is done meanwhile"
    assert (journey.follow(), len(standing(trygghavn, made.subject_id))) == (0, 1)
    clock.travel(datetime(2026, 6, 4, 9, tzinfo=UTC))
    assert (journey.follow(), standing(trygghavn, made.subject_id)) == (1, [])


def test_d12_of_two_families_one_ends_without_the_other(trygghavn: Company, kari: int) -> None:
    per, ola = trygghavn.customer(given="Per"), trygghavn.customer(given="Ola")
    trygghavn.agree(per)
    first, second = (accept(trygghavn, ola, invite(trygghavn, holder)) for holder in (kari, per))
    entered = [card(trygghavn, kari, first), card(trygghavn, per, second)]
    assert entered[0].id != entered[1].id, "the same card, of each"
    assert card(trygghavn, per, second).id == entered[1].id
    for member, holder in ((first, kari), (second, per)):
        journey.block(controller=trygghavn.controller, subject_id=holder, member_id=member.id, language="nb")
    with trygghavn.everyone("card_blocking"):
        BlockOrder.objects.get()  # one card is blocked once
        BlockOrder.objects.update(order_state="confirmed", settled_at=clock.now())
    journey.withdraw(controller=trygghavn.controller, subject_id=ola, member_id=first.id)

    def consented() -> bool:
        with trygghavn.everyone():
            return Choice.objects.get(subject_id=ola, activity="family_services").consented

    assert [one.id for one in standing(trygghavn, ola)] == [entered[1].id]
    (shown,) = journey.mine(controller=trygghavn.controller, subject_id=per).members
    assert ([one.id for one in shown.cards], consented()) == ([entered[1].id], True)
    found = prove(controllers=["trygghavn"], kinds=["domains"])
    assert {one.finding.status for one in found if "family_services" in one.promise.path} == {"kept"}
    journey.withdraw(controller=trygghavn.controller, subject_id=ola, member_id=second.id)
    assert (standing(trygghavn, ola), consented()) == ([], False)


def test_d12_a_tie_without_its_consent_is_none(trygghavn: Company, kari: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**given: object) -> None:
        raise ServiceError("lost", "the connection")

    monkeypatch.setattr(family_ties.consent, "record", fails)
    ola, secret = trygghavn.customer(given="Ola"), invite(trygghavn, kari)
    assert refusal(accept, trygghavn, ola, secret) == "lost"
    assert refusal(child, trygghavn, kari) == "lost"
    assert journey.mine(controller=trygghavn.controller, subject_id=kari).members == []
    monkeypatch.undo()
    assert accept(trygghavn, ola, secret).consent_by == "self", "the invitation stands"
