"""Full card numbers in what people write (D5): found however they are written, and nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from tillit.kernel.card_numbers import has_card_number, mask_card_numbers

SIGNS = " -.:|+=;/,_()*#\u00a0\u200b\u2060\n\t\u2013"


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A number as cards have them: beginning, length, check digit."""
    body = draw(st.sampled_from(("4", "51", "55", "37", "34", "36", "62", "6011", "5019", "2221", "2720")))
    length = 16 if body[0] == "2" else draw(st.integers(15, 19))
    body += draw(st.text("0123456789", min_size=length - len(body) - 1, max_size=length - len(body) - 1))
    return body + luhn.calc_check_digit(body)


@given(number=cards(), cuts=st.sets(st.integers(1, 14), max_size=6), between=st.text(SIGNS, max_size=6))
@settings(max_examples=60)
def test_d5_a_card_number_is_found_however_it_is_grouped_and_masked_to_its_last_four(
    number: str, cuts: set[int], between: str
) -> None:
    places = [0, *sorted(cuts), len(number)]
    written = between.join(number[a:b] for a, b in pairwise(places))
    text = f"Kortet er {written}, takk"
    assert has_card_number(text)
    masked = mask_card_numbers(text)
    assert not has_card_number(masked)
    assert masked == f"Kortet er •••• {number[-4:]}, takk"


@given(number=cards(), place=st.integers(0, 14), by=st.integers(1, 9))
@settings(max_examples=30)
def test_d5_a_number_with_a_wrong_digit_is_none(number: str, place: int, by: int) -> None:
    digit = str((int(number[place]) + by) % 10)
    wrong = number[:place] + digit + number[place + 1 :]
    assert not has_card_number(f"x {wrong} y")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ring meg på 400 00 111 eller 400 00 112",
        "Fødselsdato 17.05.1990, kundenummer 123456",
        "fra 2026-11-22 til 2026-11-23",
        "målepunkt 707057500012345678",
        "konto 1234 56 78903",
        "4111 1111 1111 1112",
        "x41111111111111111111y",
        "IBAN NO93 8601 1117 947",
        "•••• 1111",
    ],
)
def test_d5_other_numbers_are_left_alone(text: str) -> None:
    assert not has_card_number(text)
    assert mask_card_numbers(text) == text


def test_d5_other_scripts_digits_and_several_numbers_are_found() -> None:
    assert has_card_number("４１１１ １１１１ １１１１ １１１１")
    assert mask_card_numbers("a 4111 1111 1111 1111 b 5555-5555-5555-4444 c") == "a •••• 1111 b •••• 4444 c"
    assert mask_card_numbers("4111111111111111" * 1) == "•••• 1111"
