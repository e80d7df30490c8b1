"""Organisation, account, card, KID and metering point numbers: vectors, round trips, one wrong digit."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import ean, luhn
from stdnum.no import kontonr, orgnr

from tillit.kernel.identifiers import IdentifierError, account_number, card, gsrn, kid, organisation_number
from tillit.kernel.identifiers.kid import KidMethod

PLACES = st.integers(0, 24)
STEPS = st.integers(1, 9)


def numbers(length):
    return st.integers(0, 10**length - 1).map(lambda number: f"{number:0{length}}")


def one_digit_changed(number, place, step):
    place %= len(number)
    return number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]


def mod11(first, weights):
    value = -sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11
    assume(value != 10)
    return first + str(value)


ORGANISATIONS = numbers(8).map(lambda first: mod11(first, (3, 2, 7, 6, 5, 4, 3, 2)))
ACCOUNTS = (
    numbers(10)
    .filter(lambda first: not first.startswith("0000"))
    .map(lambda first: mod11(first, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)))
)
POINTS = numbers(17).map(lambda first: first + gsrn.check_digit(first))
CARDS = (
    st.integers(11, 18)
    .flatmap(lambda length: st.integers(1, 10**length - 1).map(lambda n: f"{n:0{length}}"))
    .map(lambda first: first + luhn.calc_check_digit(first))
)


@given(ORGANISATIONS, PLACES, STEPS)
def test_organisation_numbers(number, place, step):
    assert organisation_number.normalise(f"NO {number[:3]} {number[3:6]} {number[6:]} MVA") == number
    assert organisation_number.normalise(organisation_number.format_for_reader(number)) == number
    assert not organisation_number.is_valid(one_digit_changed(number, place, step))


@given(numbers(9))
def test_organisation_numbers_are_those_of_stdnum(number):
    assert organisation_number.is_valid(number) == orgnr.is_valid(number)


def test_the_public_example_of_an_organisation_number():
    assert organisation_number.normalise("123 456 785") == "123456785"
    assert not any(organisation_number.is_valid(f"12345678{digit}") for digit in "012346789")


@given(ACCOUNTS, PLACES, STEPS)
def test_account_numbers(number, place, step):
    assert account_number.normalise(f"{number[:4]}.{number[4:6]}.{number[6:]}") == number
    assert account_number.normalise(account_number.format_for_reader(number)) == number
    assert not account_number.is_valid(one_digit_changed(number, place, step))


@given(numbers(11).filter(lambda number: not number.startswith("0000")))
def test_account_numbers_are_those_of_stdnum(number):
    assert account_number.is_valid(number) == kontonr.is_valid(number)


def test_a_postal_giro_number_is_not_an_account():
    assert kontonr.is_valid("0000.4090403")
    assert not account_number.is_valid("0000.4090403")
    assert not account_number.is_valid("4090403")


@given(POINTS, PLACES, STEPS)
def test_metering_points(number, place, step):
    assert gsrn.normalise(f"{number[:6]} {number[6:]}") == number
    assert not gsrn.is_valid(one_digit_changed(number, place, step))


@given(numbers(12))
def test_the_gs1_check_digit_is_that_of_ean(first):
    assert gsrn.check_digit("00000" + first) == ean.calc_check_digit(first)


def test_a_metering_point_as_the_grid_writes_it():
    number = "70705750000000001" + gsrn.check_digit("70705750000000001")
    assert gsrn.normalise(number) == number
    assert len(number) == 18


@given(CARDS, PLACES, STEPS)
def test_card_numbers(number, place, step):
    grouped = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    assert card.normalise(grouped) == number
    changed = one_digit_changed(number, place, step)
    assert not card.is_valid(changed)


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("4111111111111111", "visa"),
        ("4222222222222", "visa"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("2720990000000007", "mastercard"),
        ("378282246310005", "other"),
        ("2221000000000009", "mastercard"),
        ("5019717010103742", "other"),
        ("86011117947", "bankaxept"),
    ],
)
def test_networks_of_test_cards(number, network):
    assert card.facts(number) == (network, number[-4:])
    assert number not in repr(card.facts(number)) + card.mask(number)
    assert card.mask(number) == f"••••\u00a0{number[-4:]}"


@given(numbers(24), st.integers(1, 24), st.sampled_from(KidMethod), PLACES, STEPS)
def test_kid_round_trips_and_one_changed_digit_is_refused(reference, length, method, place, step):
    reference = reference[:length]
    made = kid.generate(reference, method)
    assert kid.normalise(f"{made[:3]} {made[3:]}", method) == made
    assert kid.normalise(made) == made
    place %= length
    changed = one_digit_changed(reference, place, step) + made[-1]
    assert not kid.is_valid(changed, method)


@given(numbers(24), st.integers(1, 24))
def test_kid_mod10_is_luhn(reference, length):
    made = kid.generate(reference[:length], KidMethod.MOD10)
    assert luhn.is_valid(made)


def test_kid_mod11_writes_ten_as_a_hyphen():
    assert kid.generate("6", KidMethod.MOD11) == "6-"
    assert kid.normalise("6-") == "6-"
    assert not kid.is_valid("6-", KidMethod.MOD10)
    assert kid.generate("1234567", KidMethod.MOD11) == "12345674"


@pytest.mark.parametrize(
    ("module", "text", "code"),
    [
        (organisation_number, "12345678", "organisation-number-length"),
        (organisation_number, "12345678X", "organisation-number-not-digits"),
        (organisation_number, "123456789", "organisation-number-checksum"),
        (account_number, "8601111794", "account-number-length"),
        (account_number, "8601111794O", "account-number-not-digits"),
        (account_number, "86011117949", "account-number-checksum"),
        (gsrn, "70705750000000001", "gsrn-length"),
        (gsrn, "70705750000000001x", "gsrn-not-digits"),
        (gsrn, "707057500000000010", "gsrn-checksum"),
        (card, "4111111111111112", "card-checksum"),
        (card, "4111", "card-length"),
        (card, "4111-1111-1111-111a", "card-not-digits"),
        (card, "0000000000000000", "card-checksum"),
        (card, "86011117949", "card-checksum"),
        (kid, "1", "kid-length"),
        (kid, "1" * 26, "kid-length"),
        (kid, "-12", "kid-not-digits"),
        (kid, "1-2", "kid-not-digits"),
        (kid, "12345678", "kid-checksum"),
    ],
)
def test_refusals_say_the_rule_and_never_the_value(module, text, code):
    with pytest.raises(IdentifierError) as refusal:
        module.normalise(text)
    assert refusal.value.code == code
    assert len(text) < 3 or text not in str(refusal.value) + repr(refusal.value)
    assert refusal.value.__context__ is None
    assert not module.is_valid(text)


def test_a_kid_without_reference_is_refused():
    with pytest.raises(IdentifierError):
        kid.generate("1" * 25, KidMethod.MOD10)
    with pytest.raises(IdentifierError):
        kid.generate("", KidMethod.MOD10)
