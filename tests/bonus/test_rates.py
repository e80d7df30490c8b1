"""Which rates may be made (C6). What they come to is tested where purchases are rated."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.bonus.conftest import NOW, World
from tillit.bonus import rates
from tillit.bonus.errors import RateRefusedError
from tillit.bonus.models import RateRule
from tillit.bonus.rates import WEEKDAYS, When
from tillit.purchases.models import ProductGroup

ALWAYS = When(NOW)
WEEKEND = WEEKDAYS["sat"] | WEEKDAYS["sun"]


def test_c6_a_rate_per_chain_store_group_weekday_and_time_is_kept_as_given(world: World) -> None:
    chain = world.chains["nordkai"]
    group = ProductGroup.objects.create(chain=chain, key="fisk", name="Fisk")
    store = chain.stores.get(number="1")
    evening = When(NOW, NOW + timedelta(days=30), WEEKEND, 17 * 60, 20 * 60)
    rule = rates.add(
        chain_id=chain.pk, basis_points=50, when=evening, mode="add", store_id=store.pk, product_group_id=group.pk
    )
    rule.refresh_from_db()
    assert (rule.chain_id, rule.store_id, rule.product_group_id) == (chain.pk, store.pk, group.pk)
    assert (rule.mode, rule.basis_points, rule.weekdays, rule.from_minute, rule.to_minute) == (
        "add",
        50,
        96,
        1020,
        1200,
    )


def test_an_equal_rule_is_the_standing_one(world: World) -> None:
    chain = world.chains["nordkai"]
    first = rates.add(chain_id=chain.pk, basis_points=100, when=ALWAYS)
    assert rates.add(chain_id=chain.pk, basis_points=100, when=ALWAYS) == first
    assert RateRule.objects.filter(chain=chain).count() == 1


def test_a_raised_rate_takes_over_and_the_old_one_holds_for_what_was_bought_before(world: World) -> None:
    chain = world.chains["nordkai"]
    old = rates.add(chain_id=chain.pk, basis_points=100, when=When(NOW, NOW + timedelta(days=100)))
    later = NOW + timedelta(days=10)
    new = rates.replace(rule_id=old.pk, at=later, basis_points=150)
    old.refresh_from_db()
    assert (old.basis_points, old.starts, old.ends) == (100, NOW, later)
    assert (new.basis_points, new.starts, new.ends) == (150, later, NOW + timedelta(days=100))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"basis_points": 10_001}, "rate-range"),
        ({"basis_points": -1}, "rate-range"),
        ({"basis_points": -10_001, "mode": "add"}, "rate-range"),
        ({"mode": "times"}, "rate-mode"),
        ({"when": When(datetime(2026, 1, 1))}, "rate-time"),
        ({"when": When(NOW, NOW)}, "rate-time"),
        ({"when": When(NOW, weekdays=0)}, "rate-time"),
        ({"when": When(NOW, weekdays=128)}, "rate-time"),
        ({"when": When(NOW, from_minute=600, to_minute=600)}, "rate-time"),
        ({"when": When(NOW, to_minute=1441)}, "rate-time"),
        ({"store_id": "other"}, "rate-place"),
        ({"product_group_id": "other"}, "rate-place"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(world: World, change: dict[str, object], code: str) -> None:
    other = world.chains["skogheim"]
    if change.get("store_id"):
        change = {"store_id": other.stores.get(number="1").pk}
    if change.get("product_group_id"):
        change = {"product_group_id": ProductGroup.objects.create(chain=other, key="spa", name="Spa").pk}
    facts = {"chain_id": world.chains["nordkai"].pk, "basis_points": 100, "when": ALWAYS, **change}
    with pytest.raises(RateRefusedError) as refused:
        rates.add(**facts)
    assert refused.value.code == code
    assert not RateRule.objects.exists()


def test_two_rules_that_would_be_equally_right_are_refused_and_a_higher_priority_is_not(world: World) -> None:
    chain = world.chains["nordkai"]
    rates.add(chain_id=chain.pk, basis_points=100, when=When(NOW, weekdays=WEEKEND))
    rates.add(chain_id=chain.pk, basis_points=120, when=When(NOW, weekdays=WEEKDAYS["mon"]))
    saturday = When(NOW, weekdays=WEEKDAYS["sat"], from_minute=600)
    with pytest.raises(RateRefusedError) as refused:
        rates.add(chain_id=chain.pk, basis_points=200, when=saturday)
    assert refused.value.code == "rate-ambiguous"
    assert rates.add(chain_id=chain.pk, basis_points=200, when=saturday, priority=1).basis_points == 200
    assert rates.add(chain_id=chain.pk, basis_points=200, when=saturday, store_id=chain.stores.get(number="1").pk)
    assert rates.add(chain_id=chain.pk, basis_points=30, when=saturday, mode="add")
    assert rates.add(chain_id=chain.pk, basis_points=300, when=When(NOW + timedelta(days=1), weekdays=WEEKEND))


def test_a_rule_ends_only_while_it_holds(world: World) -> None:
    rule = rates.add(chain_id=world.chains["nordkai"].pk, basis_points=100, when=When(NOW, NOW + timedelta(days=5)))
    for at in (NOW, NOW + timedelta(days=6), datetime(2020, 1, 1, tzinfo=UTC)):
        with pytest.raises(RateRefusedError):
            rates.end(rule_id=rule.pk, at=at)
    assert rates.end(rule_id=rule.pk, at=NOW + timedelta(days=2)).ends == NOW + timedelta(days=2)
