"""Money: one currency a sum, text in and out without loss, nothing guessed."""

import copy
import pickle

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.money import LARGEST, Money, MoneyError, Rounding, exponent

CURRENCIES = st.sampled_from(["NOK", "SEK", "DKK", "EUR", "USD", "ISK", "KWD"])
MINORS = st.integers(-(10**14), 10**14)


@given(MINORS, MINORS, CURRENCIES)
def test_sums_are_sums_of_minor_units(a, b, currency):
    assert Money(a, currency) + Money(b, currency) == Money(a + b, currency)
    assert Money(a, currency) - Money(b, currency) == Money(a - b, currency)
    assert -Money(a, currency) == Money(-a, currency)
    assert abs(Money(a, currency)) == Money(abs(a), currency)
    assert (Money(a, currency) < Money(b, currency)) == (a < b)
    assert (Money(a, currency) >= Money(b, currency)) == (a >= b)
    assert bool(Money(a, currency)) == bool(a)


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: Money.total([a, b], "NOK"),
    ],
)
def test_two_currencies_are_neither_added_nor_ordered(mix):
    with pytest.raises(MoneyError) as refusal:
        mix(Money(1, "NOK"), Money(1, "SEK"))
    assert refusal.value.code == "mixed-currencies"


def test_amounts_in_two_currencies_are_different_values():
    assert Money(1, "NOK") != Money(1, "SEK")
    assert len({Money(1, "NOK"), Money(1, "SEK"), Money(1, "NOK")}) == 2


@pytest.mark.parametrize(
    ("minor", "code"),
    [(1.0, "amount-not-whole"), (True, "amount-not-whole"), (LARGEST + 1, "amount-out-of-range")],
)
def test_only_whole_numbers_of_64_bits_are_amounts(minor, code):
    with pytest.raises(MoneyError) as refusal:
        Money(minor, "NOK")
    assert refusal.value.code == code


@pytest.mark.parametrize("currency", ["", "nok", "NOKK", "ABC", "kr"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(MoneyError) as refusal:
        Money(1, currency)
    assert refusal.value.code == "unknown-currency"


def test_a_sum_beyond_64_bits_is_refused():
    with pytest.raises(MoneyError):
        Money(LARGEST, "NOK") + Money(1, "NOK")


def test_plain_numbers_are_not_money():
    for wrong in (lambda: Money(1, "NOK") + 1, lambda: Money(1, "NOK") - 1, lambda: Money(1, "NOK") * 1.5):
        with pytest.raises(TypeError):
            wrong()
    assert 3 * Money(5, "NOK") == Money(15, "NOK")


@pytest.mark.parametrize(("currency", "digits"), [("NOK", 2), ("ISK", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2)])
def test_exponents_are_those_of_iso_4217(currency, digits):
    assert exponent(currency) == digits


def test_only_the_listed_currencies_differ_from_everyday_digits():
    listed = [
        "AFN",
        "ALL",
        "IQD",
        "IRR",
        "KPW",
        "LAK",
        "LBP",
        "MGA",
        "MMK",
        "RSD",
        "SLL",
        "SOS",
        "SYP",
        "YER",
    ]
    differ = [c for c in get_global("all_currencies") if exponent(c) != get_currency_precision(c)]
    assert sorted(differ) == listed


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1 234,50", 123450),
        ("1\u00a0234,50 kr", 123450),
        ("1\u202f234,5", 123450),
        ("kr 1.234,50", 123450),
        ("1,234.50", 123450),
        ("NOK 1,234.50", 123450),
        ("1.234.567", 123456700),
        ("1234.5", 123450),
        ("  99 ", 9900),
        ("-99,90", -9990),
        ("\u221299,90 kr", -9990),
        ("kr -5", -500),
        ("-kr 5", -500),
        ("+5", 500),
        ("100,-", 10000),
        ("0,05", 5),
        ("0", 0),
        ("007", 700),
    ],
)
def test_amounts_are_read_in_norwegian_and_english(text, minor):
    assert Money.parse(text, "NOK") == Money(minor, "NOK")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount-unreadable"),
        ("kr", "amount-unreadable"),
        ("NaN", "amount-unreadable"),
        ("1e5", "amount-unreadable"),
        ("Infinity", "amount-unreadable"),
        ("--5", "amount-unreadable"),
        ("-kr -5", "amount-unreadable"),
        ("1,2,3", "amount-unreadable"),
        ("12 34", "amount-unreadable"),
        ("1 234.567,00", "amount-unreadable"),
        (".5", "amount-unreadable"),
        ("5,", "amount-unreadable"),
        ("٥", "amount-unreadable"),
        ("=1+1", "amount-unreadable"),
        ("5 SEK", "amount-unreadable"),
        ("9" * 100, "amount-unreadable"),
        ("1,234", "amount-ambiguous"),
        ("1.234", "amount-ambiguous"),
        ("1,2345", "too-many-decimals"),
        ("1 234,567", "too-many-decimals"),
        ("-0", "negative-zero"),
        ("-0,00 kr", "negative-zero"),
        ("9" * 20, "amount-out-of-range"),
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(text, code):
    with pytest.raises(MoneyError) as refusal:
        Money.parse(text, "NOK")
    assert refusal.value.code == code


def test_a_locale_settles_what_is_ambiguous():
    assert Money.parse("1,234", "NOK", locale="en") == Money(123400, "NOK")
    assert Money.parse("1.234", "NOK", locale="da") == Money(123400, "NOK")
    with pytest.raises(MoneyError):
        Money.parse("1,234", "NOK", locale="nb")


@given(MINORS, CURRENCIES, st.sampled_from(["nb", "en", "sv", "da"]))
def test_what_is_written_is_read_back(minor, currency, locale):
    money = Money(minor, currency)
    assert Money.parse(money.format_number(locale), currency, locale=locale) == money


@given(MINORS.filter(lambda minor: abs(minor) >= 10**8), CURRENCIES, st.sampled_from(["nb", "en", "sv"]))
def test_a_written_amount_never_breaks_over_a_line(minor, currency, locale):
    text = Money(minor, currency).format(locale)
    assert " " not in text
    assert "".join(c for c in text if c.isdigit()) == str(abs(minor))


def test_amounts_look_as_readers_expect():
    money = Money(-123456750, "NOK")
    assert money.format("nb") == "-1\u00a0234\u00a0567,50\u00a0kr"
    assert money.format("en") == "-NOK\u00a01,234,567.50"
    assert Money(5, "ISK").format("nb") == "5\u00a0ISK"
    assert Money(50, "USD").format("en") == "$0.50"
    assert Money(5, "KWD").format_number("en") == "0.005"


def test_shares_and_parts_keep_the_currency():
    assert Money(1050, "NOK").share(100, Rounding.HALF_EVEN) == Money(10, "NOK")
    assert Money(100, "NOK").allocate([1, 2]) == [Money(33, "NOK"), Money(67, "NOK")]
    assert Money.total([], "NOK") == Money(0, "NOK")


def test_money_survives_copy_and_pickle_and_cannot_be_changed():
    money = Money(1, "NOK")
    assert pickle.loads(pickle.dumps(copy.deepcopy(money))) == money  # noqa: S301 - own bytes
    with pytest.raises(AttributeError):
        money.minor = 2
