"""From rows to bonus: exactly once, late and out of order, at the rate of the moment, taken back when refunded."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.journeys.intake_world import NOW, SOURCE, START, World, bought, build
from tests.support.shops import card_number
from tillit.audit.models import Event
from tillit.bonus import rates
from tillit.bonus.kinds import LOT
from tillit.bonus.rates import WEEKDAYS, When
from tillit.consent.operations import lift, restrict
from tillit.journeys import intake, purchase_import
from tillit.journeys.quarantine_replay import replay_quarantine
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.ledger import queries as ledger
from tillit.ledger.models import Transfer
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.purchases import operations as instruments
from tillit.purchases import quarantine, reference_data
from tillit.purchases.models import (
    Authorisation,
    Purchase,
    QuarantinedRow,
    Seen,
    Source,
)
from tillit.purchases.ownership import Answer, Ownership
from tillit.purchases.queries import on_their_way


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def test_c5_members_purchases_count_and_strangers_are_only_counted(world: World) -> None:
    subject = world.member(1)
    batch = world.take_in([bought(1), bought(2, amount="250,50"), bought(3, card=77)])
    assert (batch.state, batch.rows_read, batch.posted, batch.strangers) == ("posted", 3, 2, 1)
    assert world.balances(subject) == {"lot": 351}
    with world.scope():
        assert sorted(Purchase.objects.values_list("subject_id", "amount")) == [(subject, 10000), (subject, 25050)]
    assert Seen.objects.count() == 2


def test_c5_a_purchase_counts_once_however_often_it_comes(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1), bought(1), bought(2)])
    again = world.take_in([bought(2), bought(3)])
    assert (again.posted, again.repeated) == (1, 1)
    assert world.balances(subject) == {"lot": 300}


def test_c5_an_id_with_another_content_is_quarantined(world: World) -> None:
    subject = world.member(1)
    first = world.take_in([bought(1), bought(1, amount="99.00")])
    second = world.take_in([bought(1, store="2")])
    assert (first.posted, first.quarantined, second.quarantined) == (1, 1, 1)
    assert world.balances(subject) == {"lot": 100}
    found = QuarantinedRow.objects.order_by("batch", "line").values_list("line", "field", "reason")
    assert list(found) == [(2, "id", "id-reused"), (1, "id", "id-reused")]


def test_c5_a_row_refused_when_it_was_posted_is_kept_for_repair(world: World, tmp_path: Path) -> None:
    subject = world.member(1)
    file = tmp_path / "purchases.csv"
    lines = ["id;time;chain;store;amount;card"]
    for number, amount in ((1, "10.00"), (2, "250.50"), (1, "99.00")):
        lines.append(f"T{number};2026-03-02T12:30:00+01:00;mat;1;{amount};{card_number(1)}")
    file.write_text("\n".join(lines) + "\n", "utf-8")
    batch = purchase_import.import_file(path=file, source_key=SOURCE).batch
    assert batch is not None
    assert (batch.posted, batch.quarantined, world.balances(subject)) == (2, 1, {"lot": 10 + 251})
    refused = QuarantinedRow.objects.get()
    assert (refused.line, refused.reason) == (4, "id-reused")
    assert quarantine.open_row(refused)["amount"] == "99.00"
    actor = system("test", {world.controllers["rundtur"].pk})
    quarantine.repair(row=refused, values={"id": "T3"}, actor=actor)
    assert replay_quarantine(source_key=SOURCE, actor=actor).taken_in == 1
    assert world.balances(subject) == {"lot": 10 + 251 + 99}


def test_c5_the_same_bytes_in_another_encoding_are_another_file(world: World, tmp_path: Path) -> None:
    subject, file = world.member(1), tmp_path / "purchases.csv"
    reference_data.keep_product_groups(chain=world.chains["mat"], groups={"brød": "Brød"})
    line = f"T1;2026-03-02T12:30:00+01:00;mat;1;10.00;{card_number(1)};brød"
    file.write_text(f"id;time;chain;store;amount;card;product_group\n{line}\n", "utf-8")

    def read(encoding: str | None = None) -> tuple[bool, int, int]:
        found = purchase_import.import_file(path=file, source_key=SOURCE, encoding=encoding)
        assert found.batch is not None
        return found.repeated, found.batch.posted, found.batch.quarantined

    assert read("cp1252") == (False, 0, 1)
    assert read("cp1252") == (True, 0, 1)
    assert read() == (False, 1, 0), "by mistake it was read in another"
    assert read("utf-8") == (True, 1, 0), "what its bytes tell of anyhow"
    assert world.balances(subject) == {"lot": 10}


def test_c5_what_is_older_than_the_source_may_send_is_quarantined_when_posting_too(world: World) -> None:
    world.member(1)
    lines = [bought(1, time="2025-06-01T12:00:00Z"), bought(2)]
    from tillit.purchases import batches, staging
    from tillit.purchases.reading import references
    from tillit.purchases.reading.single import chunk_of

    known = references.load(source_key="kasse")
    batch = batches.begin(source_id=known.source_id, digest="0" * 64, name="late")
    staging.stage(batch=batch, chunks=[chunk_of(lines, [1, 2])], references=known)
    Source.objects.update(accept_from=date(2026, 1, 1))
    batch = intake.post_batch(batch_id=batch.pk)
    assert (batch.posted, batch.quarantined) == (1, 1)
    assert QuarantinedRow.objects.get().reason == "time-too-old"


def test_a_posted_batch_is_left_alone(world: World) -> None:
    subject = world.member(1)
    batch = world.take_in([bought(1)])
    assert intake.post_batch(batch_id=batch.pk).posted == 1
    assert world.balances(subject) == {"lot": 100}


def test_c7_event_time_decides_the_year_where_the_shop_is(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, time="2025-12-31T22:59:59Z"), bought(2, time="2025-12-31T23:00:00Z", amount="200")])
    with world.scope():
        found = ledger.lots(subject_id=subject, book_id=world.books["mat"], kind=LOT, on=clock.today())
    assert found == [(date(2027, 1, 1), 100), (date(2028, 1, 1), 200)]


def test_c6_rates_by_store_group_weekday_time_and_period(world: World) -> None:
    subject = world.member(1)
    chain = world.chains["mat"]
    start = datetime(2025, 1, 1, tzinfo=UTC)
    store = chain.stores.get(number="2")
    fish = chain.product_groups.get(key="fisk")
    rates.add(chain_id=chain.pk, basis_points=300, when=When(start), store_id=store.pk)
    rates.add(chain_id=chain.pk, basis_points=500, when=When(start), product_group_id=fish.pk)
    rates.add(chain_id=chain.pk, basis_points=50, mode="add", when=When(start, None, WEEKDAYS["sat"], 600, 720))
    rates.add(
        chain_id=chain.pk,
        basis_points=-1000,
        mode="add",
        when=When(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)),
    )
    expected = {
        "chain": ({}, 100),
        "store": ({"store": "2"}, 300),
        "group": ({"product_group": "fisk"}, 500),
        "other group": ({"product_group": "brus"}, 100),
        "store before group": ({"store": "2", "product_group": "fisk"}, 300),
        "saturday from ten": ({"time": "2026-03-07T10:00:00+01:00"}, 150),
        "saturday before ten": ({"time": "2026-03-07T09:59:59+01:00"}, 100),
        "saturday from twelve": ({"time": "2026-03-07T12:00:00+01:00"}, 100),
        "saturday in summer time": ({"time": "2026-05-02T08:00:00Z"}, 150),
        "sunday": ({"time": "2026-03-08T10:30:00+01:00"}, 100),
        "never below zero": ({"time": "2026-04-01T12:00:00Z"}, 0),
        "period over": ({"time": "2026-04-02T00:00:00Z"}, 100),
    }
    world.take_in([bought(name, **change) for name, (change, _) in expected.items()])
    with world.scope():
        earned = dict(Transfer.objects.filter(subject_id=subject).values_list("id", "amount"))
        found = {p.event_at: earned.get(p.id, 0) for p in Purchase.objects.all()}
        assert len(found) >= 8
    assert sum(earned.values()) == sum(rate for _, rate in expected.values())
    assert sorted(earned.values()) == sorted(rate for _, rate in expected.values() if rate)


def test_c6_each_chain_has_its_own_rate_and_book(world: World) -> None:
    subject = world.member(1, 2)
    world.take_in([bought(1), bought(2, card=2, chain="hotell")])
    assert (world.balances(subject), world.balances(subject, "hotell")) == ({"lot": 100}, {"lot": 200})


def test_c5_what_was_bought_before_the_card_was_registered_is_a_strangers(world: World) -> None:
    subject = world.member()
    with world.scope() as scope:
        instruments.register_instrument(
            scope=scope,
            subject_id=subject,
            controller_id=world.controllers["nordkai"].pk,
            number=card_number(1),
            at=NOW - timedelta(days=1),
        )
    before, after = NOW - timedelta(days=1, seconds=1), NOW - timedelta(days=1)
    batch = world.take_in([bought(1, time=before.isoformat()), bought(2, time=after.isoformat())])
    assert (batch.strangers, batch.posted, world.balances(subject)) == (1, 1, {"lot": 100})
    with world.scope():
        assert Purchase.objects.get().event_at == after


def test_c4_a_purchase_made_before_its_card_was_removed_finds_its_owner_of_then(world: World) -> None:
    old, new = (world.member() for _ in range(2))

    def card(subject: int, at: datetime) -> UUID:
        with world.scope() as scope:
            return instruments.register_instrument(
                scope=scope,
                subject_id=subject,
                controller_id=world.controllers["nordkai"].pk,
                number=card_number(1),
                at=at,
                ownership=lambda question: Answer(Ownership.CONFIRMED),
            ).id

    first = card(old, NOW - timedelta(days=90))
    with world.scope() as scope:
        assert instruments.remove_instrument(
            scope=scope, subject_id=old, instrument_id=first, at=NOW - timedelta(days=2)
        )
    late, after = NOW - timedelta(days=2, minutes=1), NOW - timedelta(days=2)
    batch = world.take_in([bought(1, time=late.isoformat()), bought(2, time=after.isoformat())])
    assert (batch.posted, batch.strangers) == (1, 1)
    assert world.balances(old) == {"lot": 100}
    card(new, NOW - timedelta(days=1))
    batch = world.take_in([bought(3, time=late.isoformat()), bought(4, time=NOW.isoformat())])
    assert batch.posted == 2
    assert (world.balances(old), world.balances(new)) == ({"lot": 200}, {"lot": 100})


@pytest.mark.parametrize("order", ["in order", "out of order", "one file"])
def test_c5_an_authorisation_earns_when_a_purchase_clears_it(world: World, order: str) -> None:
    subject = world.member(1)
    held = bought(1, amount="500", event="authorisation")
    drawn = bought(1, amount="420", authorisation="T1")
    batches = {
        "in order": [[held], [held], [drawn], [drawn]],
        "out of order": [[drawn], [held]],
        "one file": [[held, drawn, bought(2, event="authorisation", card=77)]],
    }[order]
    first, *_ = [world.take_in(rows) for rows in batches]
    assert world.balances(subject) == {"lot": 420}
    if order == "in order":
        assert (first.authorised, first.posted, first.refunds_unmatched) == (1, 0, 0)
    with world.scope():
        assert [(one.outcome, one.amount) for one in Authorisation.objects.all()] == [("cleared", 50000)]
        assert Purchase.objects.count() == 1
        assert on_their_way(subject_ids=[subject]) == []


def test_c5_an_authorisation_that_is_not_cleared_in_time_lapses(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, amount="500", event="authorisation", time=NOW.isoformat())])
    with world.scope():
        [shown] = on_their_way(subject_ids=[subject])
    assert (shown.amount, shown.store) == (50000, "mat 1")
    for days, outcome in ((30, ""), (31, "lapsed")):
        clock.travel(NOW + timedelta(days=days))
        world.take_in([])
        with world.scope():
            assert Authorisation.objects.get().outcome == outcome
    assert world.balances(subject) == {}
    world.take_in([bought(1, amount="500", authorisation="T1", time=NOW.isoformat())])
    assert world.balances(subject) == {"lot": 500}, "drawn after all, a purchase is a purchase"


def test_c5_an_authorisation_of_nothing_and_a_refund_that_clears_are_put_aside(world: World) -> None:
    world.member(1)
    world.take_in(
        [
            bought(1, amount="-5", event="authorisation"),
            bought(2, amount="-5", authorisation="T1"),
            bought(3, event="sale"),
            bought(4, event="authorisation", authorisation="T1"),
        ]
    )
    found = QuarantinedRow.objects.order_by("line").values_list("field", "reason")
    assert list(found) == [
        ("event", "authorisation-sign"),
        ("authorisation", "authorisation-sign"),
        ("event", "unknown-event"),
        ("authorisation", "authorisation-self"),
    ]


def test_h4_a_restricted_members_purchase_is_parked_and_counts_when_the_restriction_is_lifted(world: World) -> None:
    subject = world.member(1)
    with world.scope("rights_requests") as scope:
        restrict(
            scope=scope, subject_id=subject, controller_id=world.controllers["rundtur"].pk, ground="accuracy", at=NOW
        )
    batch = world.take_in([bought(1), bought(2, amount="-10", refund_of="T1")])
    assert (batch.posted, batch.parked, batch.strangers) == (0, 2, 0)
    with world.scope():
        assert set(Purchase.objects.values_list("state", flat=True)) == {1}
        assert not Transfer.objects.exists()
    with world.scope("rights_requests") as scope:
        lift(scope=scope, subject_id=subject, at=NOW)
    intake.resume(subject_ids=[subject], since=NOW - timedelta(days=1), controller_id=world.controllers["rundtur"].pk)
    assert world.balances(subject) == {"lot": 90}
    intake.resume(subject_ids=[subject], since=NOW - timedelta(days=1), controller_id=world.controllers["rundtur"].pk)
    assert world.balances(subject) == {"lot": 90}


def test_one_audit_event_tells_of_a_batch_and_none_of_a_person(world: World) -> None:
    world.member(1)
    batch = world.take_in([bought(1), bought(2)])
    with world.scope("security_log"):
        found = Event.objects.filter(batch=batch.pk).order_by("type").values_list("type", "subject_id", "details")
        assert [(kind, subject) for kind, subject, _ in found] == [("import.batch", 0), ("ledger.batch", 0)]
        assert found[1][2] == {"kind": "accrual", "transfers": 2, "amount": 200, "currency": "NOK"}


def test_c4_c5_a_purchase_is_known_by_its_payment_account_reference(world: World) -> None:
    subject, par = world.member(1), "V0010013820090014800000000007"
    known = digest(world.register, Kind.PAR, par)
    directories.claim(register_id=world.register, kind=Kind.PAR, digest=known, subject_id=subject, since=START)
    rows = [{**bought(n), "card": None} for n in range(3)]
    rows[0]["par"], rows[1]["par"], rows[2]["par"] = par, par.lower(), par[:-1] + "8"
    batch = world.take_in(rows)
    assert (batch.posted, batch.strangers) == (2, 1)
    assert world.balances(subject)["lot"] == 2_00
    bad = world.take_in([{**bought(9), "card": None, "par": "V001"}])
    assert bad.quarantined == 1
    assert world.take_in([{**bought(10), "par": par}]).posted == 1  # a card beside it goes before
