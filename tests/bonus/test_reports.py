"""What a club owner may know of its chain (C15), and what is left when its members' rows have gone (C17, H14)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from tests.bonus.conftest import NOW, Y27, Y28, World
from tests.bonus.test_corrections import correct
from tests.bonus.test_use import use
from tillit.bonus import operations, rates, reports, store_report
from tillit.bonus.errors import NotYourChainError
from tillit.bonus.rates import When
from tillit.declaration.registry import PERSONAL
from tillit.journeys import missing_purchases
from tillit.kernel import clock
from tillit.ledger.operations import close_period
from tillit.privacy.retention import dispose_rows
from tillit.purchases.models import Purchase, SalesSum
from tillit.purchases.sales import ChainSales, sales

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


def buy(
    world: World, subject: int, amount: int, *, store: str = "1", at: datetime = NOW, club: str = "nordkai"
) -> None:
    chain = world.chains[club]
    with world.scope("bonus_earning", subject):
        Purchase.objects.create(
            subject_id=subject,
            id=uuid4(),
            controller_id=chain.controller_id,
            source_id=1,
            chain_id=chain.pk,
            store_id=chain.stores.get(number=store).pk,
            event_at=at,
            amount=amount,
            currency="NOK",
            batch_id=1,
        )


def report(world: World, start: date = MAY, end: date = JUNE) -> reports.ChainReport:
    with world.scope("programme_reports", club="nordkai") as scope:
        (found,) = reports.reports(scope=scope, start=start, end=end)
    return found


def test_c15_issued_used_expired_and_liability_add_up_month_by_month(world: World) -> None:
    subject, other = world.member(), world.member()
    world.earn(subject, 1000, expires=Y27)
    world.earn(other, 400, expires=Y28)
    use(world, subject, 300)
    correct(world, other, -500)
    may = report(world)
    assert (may.opening, may.issued, may.used, may.corrected, may.closing, may.debt) == (0, 1400, 300, -500, 600, 100)
    with clock.travel(datetime(2027, 1, 1, 12, tzinfo=UTC)):
        operations.expire(programme=world.programmes["nordkai"], on=Y27, at=clock.now())
        with world.scope("bookkeeping") as scope:
            close_period(scope=scope, book_id=world.programmes["nordkai"].book_id, month=MAY)
        assert report(world) == may
        january = report(world, date(2027, 1, 1), date(2027, 2, 1))
    assert (january.opening, january.expired, january.closing, january.issued) == (600, 700, -100, 0)


def test_c15_a_club_owner_sees_its_own_club_only(world: World) -> None:
    world.earn(world.member("skogheim"), 800, club="skogheim")
    buy(world, world.member("skogheim"), 8000, club="skogheim")
    with world.scope("programme_reports", club="skogheim") as scope:
        assert [(r.chain_key, r.issued) for r in reports.reports(scope=scope, start=MAY, end=JUNE)] == [
            ("skogheim-kjede", 800)
        ]
    with world.scope("programme_reports", club="nordkai"), pytest.raises(NotYourChainError):
        reports.chain_report(programme=world.programmes["skogheim"], start=MAY, end=JUNE)


def shown(world: World) -> ChainSales:
    with world.scope("programme_reports", club="nordkai"):
        return sales(chain=world.chains["nordkai"], start=MAY, end=JUNE)


def test_h14_sales_to_fewer_than_the_minimum_group_are_not_shown(world: World) -> None:
    for count in range(1, 12):
        buy(world, world.member(), 1000 * count)
        if count < 10:
            assert shown(world) == ChainSales(None, ())
    total = shown(world).total
    assert total is not None
    assert (total.people, total.lines, total.amount) == (11, 11, 66_000)
    (store,) = shown(world).stores
    assert (store.number, store.people, store.amount) == ("1", 11, 66_000)
    buy(world, world.member(), 500, store="2")
    assert shown(world).stores == (), "one shown store would give the other away by subtraction"
    for _ in range(9):
        buy(world, world.member(), 500, store="2")
    assert [(one.number, one.amount) for one in shown(world).stores] == [("1", 66_000), ("2", 5_000)]


def dispose(world: World, subjects: list[int]) -> None:
    """As retention does it: the due rows named, then disposed of with their figures kept."""
    with world.scope("retention"), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS privacy_due")
        cursor.execute(
            "CREATE TEMP TABLE privacy_due ON COMMIT DROP AS SELECT subject_id, id FROM purchases_purchase"
            " WHERE subject_id = ANY (%s)",
            [subjects],
        )
        dispose_rows(PERSONAL["purchases_purchase"], anonymise=True)
        assert not Purchase.objects.filter(subject_id__in=subjects).exists()


def test_c17_sales_stay_as_sums_when_purchases_are_disposed_of(world: World) -> None:
    people = [world.member() for _ in range(12)]
    for subject in people:
        buy(world, subject, 1000)
        buy(world, subject, -100, at=NOW + timedelta(hours=1))
    before = shown(world)
    dispose(world, people)
    after = shown(world)
    assert before.total is not None
    assert after.total is not None
    assert (after.total.people, after.total.lines, after.total.amount) == (0, before.total.lines, before.total.amount)


def test_h14_what_is_kept_covers_at_least_the_minimum_group(world: World) -> None:
    many, few, lone = [[world.member() for _ in range(n)] for n in (10, 9, 1)]
    for subject in many:
        buy(world, subject, 1000)
    for subject in few:
        buy(world, subject, 100, store="2")
    buy(world, lone[0], 7, store="2", at=NOW + timedelta(days=60))
    everybody = [*many, *few, *lone]
    dispose(world, everybody)
    kept = {(s.store_id > 0, s.grain, s.period): (s.lines, s.amount) for s in SalesSum.objects.all()}
    assert kept == {
        (True, "month", MAY): (10, 10_000),  # ten people in one store in one month
        (False, "year", date(2026, 1, 1)): (10, 907),  # nine there in May and one in July make ten in the year
    }


def test_h14_one_person_alone_leaves_no_figure(world: World) -> None:
    subject = world.member()
    buy(world, subject, 123_45)
    dispose(world, [subject])
    assert not SalesSum.objects.exists()


def test_c15_bonus_given_and_used_is_told_by_store_for_groups_only(world: World) -> None:
    chain, programme = world.chains["nordkai"], world.programmes["nordkai"]
    rates.add(chain_id=chain.pk, basis_points=100, when=When(datetime(2026, 1, 1, tzinfo=UTC)))
    people = [world.member() for _ in range(11)]
    stores = {store.number: store for store in chain.stores.all()}

    def told() -> store_report.StoreBonus:
        with world.scope("programme_reports", club="nordkai"):
            return store_report.by_store(programme=programme, start=MAY, end=JUNE)

    for place, subject in enumerate(people):
        missing_purchases.ready(register_id=chain.controller.register_id)
        bonus = missing_purchases.post(
            store=stores["1"], subject_id=subject, event_at=NOW, amount=100_00, receipt=f"R{place}"
        )
        assert bonus == 1_00
        if place == 8:
            assert told().issued == ()  # nine are too few
    (one,) = told().issued
    assert (one.number, one.lines, one.amount) == ("1", 11, 11_00)
    assert told().used == ()
    with world.scope("programme_reports", club="skogheim"), pytest.raises(NotYourChainError):
        store_report.by_store(programme=programme, start=MAY, end=JUNE)
