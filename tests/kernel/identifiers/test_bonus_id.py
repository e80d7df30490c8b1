"""BonusID: random, with a check digit that finds every single error and every swap of neighbours (C3)."""

import pytest

from tillit.kernel.identifiers import IdentifierError, bonus_id


def test_c3_a_bonus_id_is_random_and_its_check_digit_finds_slips() -> None:
    made = {bonus_id.make() for _ in range(50)}
    assert len(made) == 50  # two of 50 numbers out of 90 000 000 000 are the same once in 70 million runs
    for number in made:
        assert bonus_id.normalise(bonus_id.format_for_reader(number)) == number
        for at, digit in enumerate(number):
            assert not any(
                bonus_id.is_valid(number[:at] + other + number[at + 1 :]) for other in "0123456789" if other != digit
            )
        for at in range(len(number) - 1):
            swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
            assert swapped == number or not bonus_id.is_valid(swapped)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1234 5678 901", "bonus-id-length"),
        ("0123 4567 8901", "bonus-id-length"),
        ("12a4", "bonus-id-not-digits"),
        ("", "bonus-id-not-digits"),
    ],
)
def test_c3_what_is_no_bonus_id_is_refused_and_not_repeated(text: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        bonus_id.normalise(text)
    assert refused.value.code == code
    assert not text or text not in str(refused.value)
