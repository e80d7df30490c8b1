"""Products and agreements (D1, D10, D12): who has access, from when to when, and what an ending leads to."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError

from tests.services.products import NOW, Company, company
from tillit.journeys import agreements as journey
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention
from tillit.services import agreements
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError


@pytest.fixture
def trygghavn(fresh_db: object) -> Company:
    clock.travel(NOW)
    return company()


def end(of: Company, made: Agreement) -> Agreement:
    with of.scope(made.subject_id) as opened:
        return agreements.end(scope=opened, agreement=made, at=clock.now())


def ties(of: Company, subject: int) -> list[tuple[str, date | None]]:
    with of.everyone():
        rows = Relationship.objects.filter(subject_id=subject).order_by("kind", "started")
        return list(rows.values_list("kind", "ended"))


def test_d1_an_agreement_gives_access_from_its_first_day_to_its_last(trygghavn: Company) -> None:
    kari = trygghavn.customer()
    assert not trygghavn.access(kari, date(2026, 3, 2))
    made = trygghavn.agree(kari)
    assert (made.price, made.starts, made.payer) == (9900, date(2026, 3, 2), "customer")
    assert trygghavn.agree(kari) == made, "again is nothing more"
    assert trygghavn.access(kari, date(2026, 3, 2))
    assert not trygghavn.access(kari, date(2026, 3, 2), "concierge")
    ended = end(trygghavn, made)
    assert ended.ends == date(2026, 3, 3)
    assert trygghavn.access(kari, date(2026, 3, 2))
    assert not trygghavn.access(kari, date(2026, 3, 3))


def test_d1_the_database_refuses_two_of_one_product_at_once(trygghavn: Company) -> None:
    made = trygghavn.agree(trygghavn.customer())
    twice = Agreement(**{field.attname: getattr(made, field.attname) for field in Agreement._meta.concrete_fields})
    twice.id, twice.starts = made.id + 1, date(2026, 5, 1)
    with trygghavn.scope(made.subject_id), pytest.raises(IntegrityError, match="services_agreement_"):
        Agreement.objects.bulk_create([twice])


def test_d12_who_is_under_eighteen_on_the_day_cannot_subscribe(trygghavn: Company) -> None:
    kari = trygghavn.customer(born="")
    with pytest.raises(ServiceError) as refused:
        trygghavn.agree(kari)
    assert refused.value.code == "birth-date-unknown"
    trygghavn.born(kari, "2008-03-03")
    with pytest.raises(ServiceError) as refused:
        trygghavn.agree(kari)
    assert refused.value.code == "too-young"
    clock.travel(datetime(2026, 3, 3, 0, 30, tzinfo=UTC))
    assert trygghavn.agree(kari).starts == date(2026, 3, 3)


def test_d10_an_ending_is_undone_within_three_months_with_everything_the_archive_took(trygghavn: Company) -> None:
    kari = trygghavn.customer(phone="+4740000123")
    made = end(trygghavn, trygghavn.agree(kari))
    actor = system("test", {trygghavn.controller.pk})
    clock.travel(datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert journey.close_lapsed() == 1
    assert ties(trygghavn, kari) == [("customer", date(2026, 3, 3))], "the day access ended, not the day of the run"
    assert journey.close_lapsed() == 0
    retention.run()
    with trygghavn.scope(kari):
        assert not Fact.objects.filter(subject_id=kari).exists(), "archived"
    clock.travel(datetime(2026, 6, 2, 21, tzinfo=UTC))
    undone = journey.undo(actor=actor, controller=trygghavn.controller, subject_id=kari, agreement_id=made.id)
    assert (undone.ends, undone.end_reason) == (None, "")
    assert ties(trygghavn, kari) == [("customer", None)]
    assert trygghavn.access(kari, date(2026, 6, 2))
    with trygghavn.scope(kari):
        assert Fact.objects.filter(subject_id=kari, kind="phone").exists()
    late = end(trygghavn, undone)
    clock.travel(datetime(2026, 9, 3, 9, tzinfo=UTC))
    with pytest.raises(ServiceError) as refused:
        journey.undo(actor=actor, controller=trygghavn.controller, subject_id=kari, agreement_id=late.id)
    assert refused.value.code == "undo-late"


def test_d10_three_months_after_the_last_agreement_what_has_no_other_ground_is_gone(trygghavn: Company) -> None:
    kari, ola = trygghavn.customer(), trygghavn.customer(given="Ola")
    end(trygghavn, trygghavn.agree(kari))
    trygghavn.agree(ola)
    clock.travel(datetime(2026, 6, 2, 9, tzinfo=UTC))
    journey.close_lapsed()
    retention.run()
    with trygghavn.everyone():
        assert Agreement.objects.filter(subject_id=kari).exists(), "the last day"
    clock.travel(datetime(2026, 6, 3, 9, tzinfo=UTC))
    retention.run()
    with trygghavn.everyone():
        assert not Agreement.objects.filter(subject_id=kari).exists()
        assert not Fact.objects.filter(subject_id=kari).exists()
        assert Agreement.objects.filter(subject_id=ola).exists()


def test_d10_who_did_not_pay_cannot_undo_the_ending_but_staff_can(trygghavn: Company) -> None:
    kari = trygghavn.customer()
    made = trygghavn.agree(kari)
    with trygghavn.scope(kari) as opened:
        agreements.end(scope=opened, agreement=made, at=clock.now(), reason="unpaid")
        with pytest.raises(ServiceError) as refused:
            agreements.undo(scope=opened, agreement=made, at=clock.now(), by_person=True)
        assert refused.value.code == "ended-by-us"
        assert agreements.undo(scope=opened, agreement=made, at=clock.now()).ends is None
