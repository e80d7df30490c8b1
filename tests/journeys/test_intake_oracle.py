"""Whatever the order, the cuts and the repeats: the same balances as an oracle that knows everything at once."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.intake_world import NOW, START, World, bought, build
from tests.support.examples import tried
from tillit.bonus import rates
from tillit.bonus.kinds import LOT
from tillit.bonus.models import Programme
from tillit.bonus.rates import When
from tillit.kernel import clock
from tillit.kernel.rounding import Rounding, divide, share
from tillit.ledger import queries as ledger

OSLO = ZoneInfo("Europe/Oslo")
CARDS = {1: 0, 2: 0, 3: 1}  # card → member
MOMENTS = st.datetimes(datetime(2025, 12, 30), datetime(2026, 3, 31, 5)).map(lambda at: at.replace(microsecond=0))


@dataclass(frozen=True)
class Rule:
    """A rate rule as the oracle reads it."""

    mode: str
    basis_points: int
    weekdays: int
    start: int
    end: int
    store: str | None
    group: str | None
    priority: int


@dataclass(frozen=True)
class Bought:
    """A purchase, with the refunds of it as minor units."""

    card: int
    amount: int
    at: datetime
    store: str
    group: str
    refunds: tuple[int, ...] = ()


RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(["set", "add"]),
        st.integers(0, 700),
        st.integers(1, 127),
        st.sampled_from([0, 360, 1020]),
        st.sampled_from([1021, 1200, 1440]),
        st.sampled_from([None, "1", "2"]),
        st.sampled_from([None, "fisk", "brus"]),
        st.integers(1, 50),
    ),
    max_size=5,
    unique_by=lambda rule: rule.priority,
)
PURCHASES = st.lists(
    st.builds(
        Bought,
        st.sampled_from(sorted(CARDS)),
        st.integers(1, 300_000),
        MOMENTS,
        st.sampled_from(["1", "2"]),
        st.sampled_from(["", "fisk", "brus"]),
        st.lists(st.integers(1, 200_000), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=8,
)


@dataclass
class Oracle:
    """Rates and lots worked out one purchase at a time, and what refunds take back of them."""

    rules: list[Rule]
    rounding: Rounding
    lots: dict[int, dict[date, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def rate(self, one: Bought) -> int:
        local = one.at.replace(tzinfo=UTC).astimezone(OSLO)
        minute = local.hour * 60 + local.minute
        matching = [
            rule
            for rule in [Rule("set", 100, 127, 0, 1440, None, None, 0), *self.rules]
            if rule.store in {None, one.store}
            and rule.group in {None, one.group or None}
            and rule.weekdays >> local.weekday() & 1
            and rule.start <= minute < rule.end
        ]
        chosen = max(
            (rule for rule in matching if rule.mode == "set"),
            key=lambda rule: (rule.store is not None, rule.group is not None, rule.priority),
        )
        return chosen.basis_points + sum(rule.basis_points for rule in matching if rule.mode == "add")

    def take(self, one: Bought) -> None:
        bonus = share(one.amount, self.rate(one), self.rounding)
        year = one.at.replace(tzinfo=UTC).astimezone(OSLO).year
        back = divide(bonus * min(one.amount, sum(one.refunds)), one.amount, Rounding.HALF_UP)
        self.lots[CARDS[one.card]][date(year + 2, 1, 1)] += bonus - back

    def standing(self, member: int) -> dict[date, int]:
        return {expires: amount for expires, amount in self.lots[member].items() if amount}


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


@settings(max_examples=tried(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rules=RULES, purchases=PURCHASES, rounding=st.sampled_from(list(Rounding)), chance=st.randoms(use_true_random=False)
)
def test_c6_c8_any_order_any_cut_any_repeat_gives_what_the_oracle_gives(
    world, rules, purchases, rounding, chance
) -> None:
    with transaction.atomic():
        chain = world.chains["mat"]
        Programme.objects.filter(chain=chain).update(rounding=rounding.value)
        for rule in rules:
            rates.add(
                chain_id=chain.pk,
                basis_points=rule.basis_points,
                mode=rule.mode,
                when=When(START, None, rule.weekdays, rule.start, rule.end),
                store_id=rule.store and chain.stores.get(number=rule.store).pk,
                product_group_id=rule.group and chain.product_groups.get(key=rule.group).pk,
                priority=rule.priority,
            )
        members = [world.member(1, 2), world.member(3)]
        rows, oracle = [], Oracle(rules, rounding)
        for number, one in enumerate(purchases):
            oracle.take(one)
            time = one.at.isoformat() + "Z"
            facts = {"store": one.store} | ({"product_group": one.group} if one.group else {})
            rows.append(bought(number, one.card, f"{one.amount / 100:.2f}", time, **facts))
            for part, amount in enumerate(one.refunds):
                later = (one.at + timedelta(hours=part + 1)).isoformat() + "Z"
                back = bought(f"{number}r{part}", one.card, f"-{amount / 100:.2f}", later, refund_of=f"T{number}")
                rows.append(back)
        rows += chance.sample(rows, len(rows) // 2)
        chance.shuffle(rows)
        while rows:
            cut = chance.randint(1, len(rows))
            world.take_in(rows[:cut])
            rows = rows[cut:]
        with world.scope():
            for member, subject in enumerate(members):
                found = ledger.lots(subject_id=subject, book_id=world.books["mat"], kind=LOT, on=date(2026, 1, 1))
                assert dict(found) == oracle.standing(member)
            assert ledger.unexplained() == 0
        transaction.set_rollback(True)
