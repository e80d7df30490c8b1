"""A missing purchase that staff posted counts once, however its lines come, and refunds find it (C5, C8, C12)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from tests.journeys.intake_world import NOW, SOURCE, World, bought, build
from tests.journeys.test_refunds import queue, settle
from tillit.journeys import missing_purchases
from tillit.journeys.files.purchases import PurchaseRows
from tillit.journeys.quarantine_replay import replay_quarantine
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.purchases import quarantine
from tillit.purchases.errors import MissingPurchaseError, QuarantineError
from tillit.purchases.models import Batch, MadeGoodLine, QuarantinedRow, Store

pytestmark = pytest.mark.django_db
DAY = "2026-03-02"
AT = datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.fixture
def world() -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def post(world: World, subject: int, receipt: str = "R-901", amount: int = 500_00, another: bool = False) -> int:
    missing_purchases.ready(register_id=world.register)
    store = Store.objects.get(chain=world.chains["mat"], number="1")
    return missing_purchases.post(
        store=store, subject_id=subject, event_at=AT, amount=amount, receipt=receipt, another=another
    )


def line(number: int | str, card: int = 1, **more: Any) -> dict[str, Any]:
    return bought(number, card, **{"amount": "500", "time": f"{DAY}T17:30:00+01:00", "receipt": "R-901", **more})


def fates(batch: Batch) -> tuple[int, int, int]:
    return batch.posted, batch.repeated, batch.quarantined


CASES: list[tuple[int, dict[str, str], bool]] = [  # whose card, how the line comes, and whether it is surely the same
    (1, {}, True),
    (1, {"store": "2"}, True),
    (1, {"receipt": "r {} "}, True),
    (1, {"receipt": "R/00{}".replace("00", "")}, True),
    (2, {}, True),
    (2, {"store": "2"}, False),
    (1, {"receipt": ""}, False),
    (1, {"receipt": "K-17", "store": "2"}, False),
    (1, {"receipt": "K-18", "amount": "77"}, False),
]


def test_c5_c12_a_missing_purchase_counts_once_whatever_store_receipt_or_card_its_line_comes_with(
    world: World,
) -> None:
    kari, ola = world.member(1), world.member(2)
    rows, sure = [], sum(same for _, _, same in CASES)
    for number, (card, how, _) in enumerate(CASES):
        assert post(world, kari, receipt=f"R-{number}7", amount=(number + 1) * 100_00) == (number + 1) * 100
        facts = {"amount": f"{number + 1}00", "receipt": "R-{}", **how}
        rows.append(line(number, card, **facts | {"receipt": facts["receipt"].format(f"{number}7")}))
    given = world.balances(kari)["lot"]
    mine = line(90, amount="77", receipt="R-9", time="2026-03-03T17:30:00+01:00")
    assert fates(world.take_in([*rows, mine])) == (1, sure, len(CASES) - sure)
    assert fates(world.take_in(rows)) == (0, sure, len(CASES) - sure), "sent again, it is the same"
    assert world.balances(kari) == {"lot": given + 77}, "and a purchase of its own counts"
    assert world.balances(ola) == {}
    assert set(QuarantinedRow.objects.values_list("reason", flat=True)) == {quarantine.POSTED}
    reused = world.take_in([line(0, amount="900", receipt="R-77777")])
    assert world.balances(kari) == {"lot": given + 77}, "lines with another number and another amount count no more"
    assert (reused.posted, QuarantinedRow.objects.get(batch=reused).reason) == (0, "id-reused")


def whether(card: int, receipt: str, store: str, day: str, chain: str) -> str:
    """What becomes of a late line, in plain words: the posted receipt is Kari's (card 1), R-901, store 1, 2 March."""
    if chain != "mat" or day != DAY:
        return "counts"
    if receipt == "R-901" and (store == "1" or card == 1):
        return "repeated"
    return "aside" if receipt == "R-901" or card == 1 else "counts"


def test_c5_c12_whatever_could_be_the_posted_purchase_waits_for_staff_and_nothing_else(world: World) -> None:
    kari, ola = world.member(1), world.member(2)
    post(world, kari)
    rows, fate = [], []
    for number, (card, receipt, store, day, chain, amount) in enumerate(
        product((1, 2), ("R-901", "K-9", ""), "12", (DAY, "2026-03-03"), ("mat", "hotell"), ("500", "123"))
    ):
        time = f"{day}T17:30:00+01:00"
        rows.append(bought(number, card, amount, time=time, chain=chain, store=store, receipt=receipt))
        fate.append((whether(card, receipt, store, day, chain), card, chain, int(amount)))
    for part in (rows, rows[::-1], rows[::3]):
        world.take_in(part)
        for who, card, extra in ((kari, 1, 500), (ola, 2, 0)):
            given = sum(amount for how, whose, chain, amount in fate if (how, whose, chain) == ("counts", card, "mat"))
            assert world.balances(who)["lot"] == given + extra
    assert MadeGoodLine.objects.count() == sum(how == "repeated" for how, *_ in fate)
    lines = QuarantinedRow.objects.filter(reason=quarantine.POSTED, batch=Batch.objects.order_by("id")[1])
    assert lines.count() == sum(how == "aside" for how, *_ in fate)


def test_c5_c8_c12_a_row_that_staff_say_is_the_posted_one_counts_no_more_and_its_refund_is_of_that(
    world: World,
) -> None:
    kari = world.member(1)
    post(world, kari)
    late = line(1, receipt="K-3", amount="480")
    batch = world.take_in([late, line(2, card=9, time="2030-01-01T12:00:00+01:00")])
    [row] = QuarantinedRow.objects.filter(batch=batch, reason=quarantine.POSTED)
    row.sealed = quarantine.seal(batch_id=batch.pk, line=row.line, values=late)
    row.save()
    Batch.objects.filter(pk=batch.pk).update(state="finished")
    clerk = system("test", {world.controllers["nordkai"].pk})
    rows = PurchaseRows()
    assert rows.discard(rows=[row.pk], because="posted_already", actor=clerk) == 1
    row.refresh_from_db()
    assert (row.resolution, row.sealed, world.balances(kari)) == ("replayed", None, {"lot": 500})
    assert fates(world.take_in([late])) == (0, 1, 0), "what was decided stands"
    world.take_in([line(3, receipt="K-4", amount="-200", refund_of="T1")])
    assert world.balances(kari) == {"lot": 300}
    other = QuarantinedRow.objects.create(batch=batch, line=9, field="x", reason="unknown-store", message="")
    with pytest.raises(QuarantineError):
        rows.discard(rows=[other.pk], because="posted_already", actor=clerk)


def test_c5_c12_a_line_that_may_be_posted_already_counts_only_when_staff_name_it(world: World) -> None:
    kari = world.member(1)
    post(world, kari)
    batch = world.take_in([line(1, receipt="")])
    row = QuarantinedRow.objects.get(batch=batch, reason=quarantine.POSTED)
    row.sealed = quarantine.seal(batch_id=batch.pk, line=row.line, values=line(1, receipt=""))
    row.save()
    Batch.objects.filter(pk=batch.pk).update(state="finished")
    clerk = system("test", {world.controllers["nordkai"].pk})
    assert replay_quarantine(source_key=SOURCE, actor=clerk).waiting == 1
    assert world.balances(kari) == {"lot": 500}
    assert replay_quarantine(source_key=SOURCE, actor=clerk, ids=[row.pk]).taken_in == 1
    assert world.balances(kari) == {"lot": 1000}
    assert fates(world.take_in([line(1, receipt="")])) == (0, 1, 0), "what was decided stands"
    assert world.balances(kari) == {"lot": 1000}


def test_c5_c12_a_receipt_that_is_counted_in_any_store_cannot_be_posted(world: World) -> None:
    kari, ola = world.member(1), world.member(2)
    assert fates(world.take_in([line(1, store="2"), line(2, amount="60", receipt="")])) == (2, 0, 0)
    for who, receipt, amount, code in (
        (kari, "r901", 500_00, "counted-already"),
        (ola, "R-901", 500_00, "counted-already"),
        (kari, "K-1", 60_00, "counted-alike"),
    ):
        with pytest.raises(MissingPurchaseError) as refused:
            post(world, who, receipt=receipt, amount=amount)
        assert refused.value.code == code
    assert world.balances(kari) == {"lot": 560}
    assert post(world, kari, receipt="K-1", amount=60_00, another=True) == 60
    assert post(world, ola, receipt="K-2", amount=60_00) == 60, "of another person's purchases nothing is said"


@pytest.mark.parametrize("first", ["line", "refund"])
@pytest.mark.parametrize("card", [1, 2, 3], ids=["own card", "another member's card", "a stranger's card"])
def test_c8_c12_a_refund_of_a_late_line_takes_back_what_the_posted_purchase_gave(
    world: World, first: str, card: int
) -> None:
    kari, ola = world.member(1), world.member(2)
    post(world, kari)
    late = [line("a", amount="300"), line("b", amount="200", store="2")]
    back = line("r", card, amount="-200", receipt="R-999", refund_of="Ta", time="2026-03-03T10:00:00+01:00")
    for rows in [late, [back]] if first == "line" else [[back], late]:
        world.take_in(rows)
    if (first, card) == ("refund", 3):
        assert world.balances(kari) == {"lot": 500}, "a stranger's until its purchase has come"
        world.take_in([back])
    assert MadeGoodLine.objects.count() == 2
    assert world.balances(kari) == {"lot": 300}
    assert world.balances(ola) == {}
    rest = {"amount": "-300", "receipt": "R-998", "time": "2026-03-04T10:00:00+01:00"}
    world.take_in([line("s", refund_of="Tb", **rest)] * 2)
    assert world.balances(kari) == {}
    world.take_in([line("t", refund_of="Tb", **rest)])
    assert world.balances(kari) == {}, "never more than it gave"


def test_c8_c12_a_refund_earlier_that_day_is_offered_what_staff_posted(world: World) -> None:
    kari = world.member(1)
    post(world, kari)
    world.take_in([line(1, amount="-500", receipt="R-2", time=f"{DAY}T10:00:00+01:00")])
    [(refund, [candidate])] = queue(world).rows
    settle(world, refund.id, purchase_id=candidate.purchase_id)
    assert world.balances(kari) == {}
