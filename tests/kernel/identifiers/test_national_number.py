"""National numbers: both rules, every kind, and nothing read from a number that does not tell it."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.no import fodselsnummer

from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError
from tillit.kernel.identifiers.national_number import (
    Gender,
    NationalNumberKind,
    check_digits,
    facts,
    is_valid,
    normalise,
)

KNOWN = date(2026, 1, 1)
KINDS = {"birth": (0, 0), "d": (40, 0), "h": (0, 40), "d-h": (40, 40), "test": (0, 80), "d-test": (40, 80)}


REMAINDERS = st.integers(0, 3)
EVERY_KIND = st.sampled_from(list(KINDS))


@st.composite
def numbers(draw, remainders=REMAINDERS, kinds=EVERY_KIND):
    """A valid number with the day it was made from, its kind and its remainder."""
    day = draw(st.dates(date(1900, 1, 1), date(2025, 12, 31)))
    individual = draw(st.integers(0, 499) if day.year < 2000 else st.integers(500, 999))
    kind, remainder = draw(kinds), draw(remainders)
    plus_day, plus_month = KINDS[kind]
    nine = f"{day.day + plus_day:02}{day.month + plus_month:02}{day.year % 100:02}{individual:03}"
    assume(check_digits(nine, remainder) is not None)
    assume(day.year < 2040)
    return nine + str(check_digits(nine, remainder)), day, kind, remainder


@pytest.mark.parametrize("number", ["02013299903", "30108299920", "30108299939"])
def test_the_official_numbers_of_the_2032_rule_are_accepted(number):
    assert normalise(number) == number


@pytest.mark.parametrize(
    ("number", "kind", "synthetic", "born", "gender"),
    [
        ("70108299914", "d_number", False, date(1982, 10, 30), "male"),
        ("30508299903", "h_number", False, date(1982, 10, 30), "male"),
        ("30908299996", "birth_number", True, date(1982, 10, 30), "male"),
        ("30908299805", "birth_number", True, date(1982, 10, 30), "female"),
        ("70908299998", "d_number", True, None, None),
        ("81234567802", "fh_number", False, None, None),
        ("30108299920", "birth_number", False, date(1982, 10, 30), "male"),
        ("30108299939", "birth_number", False, None, None),
        ("02013299903", "birth_number", False, None, None),
    ],
)
def test_kinds_and_what_each_number_tells(number, kind, synthetic, born, gender):
    read = facts(number, known_since=KNOWN)
    assert (read.kind, read.synthetic, read.birth_date, read.gender) == (kind, synthetic, born, gender)
    assert number not in repr(read)


@given(numbers())
def test_valid_numbers_round_trip_and_say_their_kind(made):
    number, day, kind, remainder = made
    assert normalise(f" {number[:6]} {number[6:]}\u00a0") == number == normalise(normalise(number))
    read = facts(number, known_since=KNOWN)
    assert read.synthetic == kind.endswith("test")
    if remainder:
        assert (read.birth_date, read.gender) == (None, None)
    else:
        assert read.birth_date == day
        assert read.gender == (Gender.MALE if int(number[8]) % 2 else Gender.FEMALE)


@given(numbers(remainders=st.just(0)))
def test_from_2032_a_number_not_known_before_tells_nothing(made):
    number, day, _, _ = made
    assert facts(number, known_since=date(2031, 12, 31)).birth_date == day
    assert facts(number, known_since=date(2032, 1, 1)).birth_date is None
    with clock.travel(date(2031, 12, 31)):
        assert facts(number).birth_date == day
        clock.advance(timedelta(days=1))
        assert facts(number).birth_date is None


def test_a_birth_date_still_to_come_is_not_told():
    nine = "010130500"
    number = nine + str(check_digits(nine))
    assert facts(number, known_since=date(2030, 1, 1)).birth_date == date(2030, 1, 1)
    assert facts(number, known_since=date(2029, 12, 31)).birth_date is None


@given(numbers(), st.integers(0, 10), st.integers(1, 9))
def test_one_changed_digit_is_refused_by_the_second_check_digit(made, place, step):
    number = made[0]
    changed = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert is_valid(number)
    assert not is_valid(changed)


@given(numbers(remainders=st.just(0), kinds=st.sampled_from(["birth", "d", "h"])))
def test_stdnum_agrees_on_the_old_rule(made):
    number, day, _, _ = made
    assert fodselsnummer.is_valid(number)
    assert fodselsnummer.get_birth_date(number) == day
    assert (fodselsnummer.get_gender(number) == "M") == (facts(number, known_since=KNOWN).gender == "male")


@given(st.integers(0, 10**11 - 1).map("{:011}".format))
def test_what_stdnum_accepts_is_accepted(number):
    nine = number[:9]
    digits = check_digits(nine)
    assume(digits is not None)
    if fodselsnummer.is_valid(nine + digits):
        assert is_valid(nine + digits)


@pytest.mark.parametrize("born", [date(1854, 1, 1), date(1899, 12, 31)])
def test_the_oldest_series_are_the_1800s(born):
    nine = f"{born.day:02}{born.month:02}{born.year % 100:02}502"
    digits = check_digits(nine) or check_digits(nine := nine[:6] + "504")
    assert facts(nine + str(digits), known_since=KNOWN).birth_date == born


@pytest.mark.parametrize("individual", range(900, 1000, 7))
def test_the_900_series_is_the_1900s_from_1940_and_the_2000s_before(individual):
    for year, century in ((40, 1900), (99, 1900), (0, 2000), (25, 2000)):
        nine = f"0101{year:02}{individual:03}"
        digits = check_digits(nine)
        if digits:
            assert facts(nine + digits, known_since=KNOWN).birth_date == date(century + year, 1, 1)


@pytest.mark.parametrize("nine", ["310299300", "320199300", "001099300", "011399300", "290201300"])
def test_a_date_that_does_not_exist_is_refused(nine):
    nines = [nine[:6] + f"{individual:03}" for individual in range(300, 320)]
    numbers = [made + digits for made in nines if (digits := check_digits(made))]
    assert numbers
    for number in numbers:
        with pytest.raises(IdentifierError) as refusal:
            normalise(number)
        assert refusal.value.code == "national-number-date"


def test_29_february_is_a_day_where_some_century_has_it():
    nines = [f"290200{individual:03}" for individual in range(500, 520)]
    number = next(nine + digits for nine in nines if (digits := check_digits(nine)))
    assert facts(number, known_since=KNOWN).birth_date == date(2000, 2, 29)
    nines = [f"290200{individual:03}" for individual in range(20)]
    number = next(nine + digits for nine in nines if (digits := check_digits(nine)))
    assert facts(number, known_since=KNOWN).birth_date is None


def test_an_fh_number_keeps_to_the_old_check_digits():
    nine = "912345678"
    assert facts(nine + str(check_digits(nine)), known_since=KNOWN).kind is NationalNumberKind.FH
    assert not any(is_valid(nine + str(check_digits(nine, remainder))) for remainder in (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "national-number-not-digits"),
        ("3090829999", "national-number-length"),
        ("309082999960", "national-number-length"),
        ("3090829999a", "national-number-not-digits"),
        ("٣٠٩٠٨٢٩٩٩٩٦", "national-number-not-digits"),
        ("30908299996\n", "national-number-not-digits"),
        ("30908299977", "national-number-checksum"),
    ],
)
def test_refusals_say_the_rule_and_never_the_value(text, code):
    with pytest.raises(IdentifierError) as refusal:
        normalise(text)
    assert refusal.value.code == code
    assert not text or text not in str(refusal.value) + repr(refusal.value)
    assert refusal.value.__cause__ is refusal.value.__context__ is None
