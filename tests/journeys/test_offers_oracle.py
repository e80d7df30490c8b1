"""Offers and caps (C6, C11): in any order, any cuts, any repeats, what an oracle with exact fractions gives."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.intake_world import NOW, START, World, bought, build
from tillit.bonus import offers
from tillit.bonus.kinds import DEBT, LOT
from tillit.bonus.models import Offer, Programme
from tillit.bonus.offers import Gift, Limits, Reach
from tillit.bonus.rates import When
from tillit.kernel import clock
from tillit.kernel.rounding import Rounding, divide, share
from tillit.ledger import queries as ledger

OSLO = ZoneInfo("Europe/Oslo")
CARDS = {1: 0, 2: 0, 3: 1}  # card → member
BASE = 100
MOMENTS = st.datetimes(datetime(2025, 12, 29), datetime(2026, 1, 4)).map(lambda at: at.replace(microsecond=0))


@dataclass(frozen=True)
class Made:
    """An offer as the oracle reads it."""

    kind: str
    size: int
    per: str
    threshold: int
    cap_receipt: int | None
    cap_member: int | None
    period: str
    store: str | None
    priority: int


@dataclass(frozen=True)
class Bought:
    """A line, with its refunds."""

    card: int
    amount: int
    at: datetime
    store: str
    receipt: str
    refunds: tuple[int, ...] = ()


OFFERS = st.lists(
    st.builds(
        Made,
        st.sampled_from(["rate", "times", "fixed"]),
        st.integers(1, 900),
        st.sampled_from(["receipt", "member"]),
        st.sampled_from([0, 0, 150_00]),
        st.sampled_from([None, 3_00]),
        st.sampled_from([None, 8_00]),
        st.sampled_from(["offer", "day", "month", "year"]),
        st.sampled_from([None, "1"]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=3,
)
PURCHASES = st.lists(
    st.builds(
        Bought,
        st.sampled_from(sorted(CARDS)),
        st.integers(1, 300_00),
        MOMENTS,
        st.sampled_from(["1", "2"]),
        st.sampled_from(["", "R1", "R2"]),
        st.lists(st.integers(1, 200_00), max_size=1).map(tuple),
    ),
    min_size=1,
    max_size=7,
)


def rounded(value: Fraction, how: Rounding) -> int:
    low = floor(value)
    match how:
        case Rounding.DOWN:
            return low
        case Rounding.UP:
            return ceil(value)
        case Rounding.HALF_UP:
            return floor(value + Fraction(1, 2))
    return round(value)  # Python's own is half to even


class Oracle:
    """Every offer worked out over everything that was bought, at once."""

    def __init__(self, made: list[Made], stacking: str, rounding: Rounding) -> None:
        self.made, self.stacking, self.rounding = made, stacking, rounding

    def worths(self, line: Bought) -> dict[int, int]:
        """Offer → what it adds to the line's bonus, before caps."""
        here = [(n, o) for n, o in enumerate(self.made) if o.kind != "fixed" and o.store in {None, line.store}]
        more = {n: Fraction(o.size) if o.kind == "rate" else Fraction(BASE * o.size, 100) for n, o in here}
        here.sort(key=lambda one: (-one[1].priority, one[0]))
        if self.stacking == "best" and here:
            here = [max(here, key=lambda one: (more[one[0]], one[1].priority, -one[0]))]
        rate, found = Fraction(BASE), {}
        for number, offer in here:
            grown = self.stacking == "multiply" and offer.kind == "times"
            after = rate * Fraction(100 + offer.size, 100) if grown else rate + more[number]
            found[number] = self.bonus(line.amount, after) - self.bonus(line.amount, rate)
            rate = after
        return found

    def bonus(self, amount: int, rate: Fraction) -> int:
        return rounded(amount * rate / 10_000, self.rounding)

    def standing(self, lines: list[Bought]) -> dict[tuple[int, date], int]:
        """(member, lot) → what is there, of rates and offers together."""
        found: dict[tuple[int, date], int] = defaultdict(int)
        cells: dict[tuple[object, ...], dict[date, dict[object, list[int]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(lambda: [0, 0]))
        )
        for number, line in enumerate(lines):
            local = line.at.replace(tzinfo=UTC).astimezone(OSLO)
            lot, member = date(local.year + 2, 1, 1), CARDS[line.card]
            back = min(line.amount, sum(line.refunds))
            base = share(line.amount, BASE, self.rounding)
            found[member, lot] += base - divide(base * back, line.amount, Rounding.HALF_UP)
            worths = self.worths(line)
            receipt = (line.store, local.date(), line.receipt) if line.receipt else number
            for key, offer in enumerate(self.made):
                if offer.store not in {None, line.store}:
                    continue
                worth = worths.get(key, 0)
                times = {"offer": "", "day": local.date(), "month": f"{local:%Y-%m}", "year": local.year}[offer.period]
                whole = offer.cap_member is not None or (offer.kind == "fixed" and offer.per == "member")
                unit = (key, member, times) if whole else (key, member, "receipt", receipt)
                cell = cells[unit][lot][receipt]
                cell[0] += line.amount - back
                cell[1] += worth - divide(worth * back, line.amount, Rounding.HALF_UP)
        for unit, lots in cells.items():
            offer, member = self.made[unit[0]], unit[1]
            spent = given = 0
            for lot in sorted(lots):
                for spend, worth in lots[lot].values():
                    spent += spend
                    counts = offer.kind != "fixed" and spend >= offer.threshold
                    given += min(worth, offer.cap_receipt or worth) if counts else 0
                reached = offer.size if offer.kind == "fixed" and spent >= max(1, offer.threshold) else 0
                so_far = reached or (given if offer.cap_member is None else min(given, offer.cap_member))
                before = sum(amount for (u, _), amount in self.memo.items() if u == unit)
                self.memo[unit, lot] = so_far - before
                found[member, lot] += so_far - before
        return found

    memo: dict[tuple[object, date], int]


@pytest.fixture
def world(db: None):
    with clock.travel(NOW):
        yield build()


def offer_of(world: World, number: int, made: Made, **more: int) -> Offer:
    gift = {
        "rate": Gift("rate", basis_points=made.size, threshold=made.threshold),
        "times": Gift("times", factor=100 + made.size, threshold=made.threshold),
        "fixed": Gift("fixed", amount=made.size, per=made.per, threshold=made.threshold),
    }[made.kind]
    chain = world.chains["mat"]
    return offers.make(
        chain_id=chain.pk,
        key=f"tilbud{number}",
        name="Tilbud",
        gift=gift,
        when=When(START),
        limits=Limits(made.cap_receipt, made.cap_member, made.period, **more),
        reach=Reach(store_ids=(chain.stores.get(number=made.store).pk,) if made.store else ()),
        priority=made.priority,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    made=OFFERS,
    purchases=PURCHASES,
    rounding=st.sampled_from(list(Rounding)),
    stacking=st.sampled_from(["best", "add", "multiply"]),
    chance=st.randoms(use_true_random=False),
)
def test_c6_c11_offers_in_any_order_any_cut_any_repeat_give_what_the_oracle_gives(
    world, made, purchases, rounding, stacking, chance
) -> None:
    with transaction.atomic():
        Programme.objects.filter(chain=world.chains["mat"]).update(rounding=rounding.value, stacking=stacking)
        for number, one in enumerate(made):
            offer_of(world, number, one)
        members = [world.member(1, 2), world.member(3)]
        rows = []
        for number, one in enumerate(purchases):
            facts = {"store": one.store, "receipt": one.receipt}
            rows.append(bought(number, one.card, f"{one.amount / 100:.2f}", one.at.isoformat() + "Z", **facts))
            for part, amount in enumerate(one.refunds):
                later = (one.at + timedelta(hours=1)).isoformat() + "Z"
                back = bought(f"{number}r{part}", one.card, f"-{amount / 100:.2f}", later, refund_of=f"T{number}")
                rows.append(back)
        rows += chance.sample(rows, len(rows) // 2)
        chance.shuffle(rows)
        while rows:
            cut = chance.randint(1, len(rows))
            world.take_in(rows[:cut])
            rows = rows[cut:]
        oracle = Oracle(made, stacking, rounding)
        oracle.memo = {}
        wanted = oracle.standing(purchases)
        with world.scope():
            for member, subject in enumerate(members):
                lots = dict(ledger.lots(subject_id=subject, book_id=world.books["mat"], kind=LOT, on=date(2026, 1, 1)))
                told = {lot: amount for (who, lot), amount in wanted.items() if who == member and amount}
                assert lots == told
                assert DEBT.key not in ledger.balances(subject_id=subject, on=date(2026, 1, 1)).get(
                    world.books["mat"], {}
                )
            assert ledger.unexplained() == 0
        transaction.set_rollback(True)
