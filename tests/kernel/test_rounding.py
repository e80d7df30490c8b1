"""Shares and allocations against exact fractions."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.rounding import Rounding, RoundingError, allocate, divide, share

AMOUNTS = st.integers(-(10**15), 10**15)
RATES = st.integers(0, 20_000)


def oracle(exact: Fraction, rounding: Rounding) -> int:
    """The definition, on the size of the number; the sign is put back afterwards."""
    size = abs(exact)
    floor = size.numerator // size.denominator
    rest = size - floor
    if rounding is Rounding.HALF_EVEN:
        settled = round(size)  # Fraction rounds half to even
    elif rounding is Rounding.HALF_UP:
        settled = floor + (rest >= Fraction(1, 2))
    elif rounding is Rounding.UP:
        settled = floor + (rest > 0)
    else:
        settled = floor
    return -settled if exact < 0 else settled


@given(AMOUNTS, RATES, st.sampled_from(Rounding))
def test_c6_a_share_is_the_exact_fraction_settled_as_declared(amount, rate, rounding):
    assert share(amount, rate, rounding) == oracle(Fraction(amount * rate, 10_000), rounding)


@given(AMOUNTS, RATES, st.sampled_from(Rounding))
def test_c8_a_refund_takes_back_exactly_what_the_purchase_gave(amount, rate, rounding):
    assert share(-amount, rate, rounding) == -share(amount, rate, rounding)


@given(AMOUNTS, st.integers(1, 10**9), st.sampled_from(Rounding))
def test_divide_agrees_with_fractions(numerator, denominator, rounding):
    assert divide(numerator, denominator, rounding) == oracle(Fraction(numerator, denominator), rounding)


@pytest.mark.parametrize(
    ("amount", "half_even", "half_up", "down", "up"),
    [(50, 0, 1, 0, 1), (150, 2, 2, 1, 2), (250, 2, 3, 2, 3), (-50, 0, -1, 0, -1), (149, 1, 1, 1, 2)],
)
def test_ties_and_signs_at_one_percent(amount, half_even, half_up, down, up):
    settled = [share(amount, 100, rounding) for rounding in Rounding]
    assert settled == [half_even, half_up, down, up]


def test_a_negative_rate_and_a_zero_denominator_are_refused():
    with pytest.raises(RoundingError) as refusal:
        share(100, -1, Rounding.DOWN)
    assert refusal.value.code == "negative-rate"
    with pytest.raises(RoundingError) as refusal:
        divide(1, 0, Rounding.DOWN)
    assert refusal.value.code == "denominator-not-positive"


WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_an_allocation_adds_up_and_no_part_is_a_whole_unit_off(amount, weights):
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1
        assert weight or part == 0


@given(AMOUNTS, WEIGHTS)
def test_an_allocation_of_a_refund_mirrors_the_purchase(amount, weights):
    assert allocate(-amount, weights) == [-part for part in allocate(amount, weights)]


@given(AMOUNTS, WEIGHTS)
def test_a_larger_weight_never_gets_less(amount, weights):
    by_weight = sorted(zip(weights, map(abs, allocate(amount, weights)), strict=True))
    for (light, less), (heavy, more) in itertools.pairwise(by_weight):
        assert less <= more or light == heavy


def test_units_left_over_go_to_the_largest_remainders_and_ties_to_the_earlier():
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(10, [5, 3, 3]) == [4, 3, 3]
    assert allocate(5, [0, 1]) == [0, 5]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_an_allocation_without_weights_is_refused(weights):
    with pytest.raises(RoundingError):
        allocate(1, weights)
