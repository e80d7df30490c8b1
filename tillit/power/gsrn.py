"""The number of a metering point: GS1 Global Service Relation Number, 18 digits (E1).

The last digit is GS1's check digit: weights 3 and 1 from the right, modulo 10 (GS1 General Specifications, 7.9).
"""

from tillit.power.errors import PowerError

LENGTH = 18


def check_digit(first: str) -> str:
    """The check digit of the first 17 digits."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(first)))
    return str(-total % 10)


def is_valid(number: str) -> bool:
    """Whether the text is 18 ASCII digits with the right check digit."""
    return (
        len(number) == LENGTH
        and number.isascii()
        and number.isdigit()
        and check_digit(number[: LENGTH - 1]) == number[-1]
    )


def normalised(text: str) -> str:
    """The number without the spaces people write; `PowerError` `gsrn` when it is none."""
    number = "".join(text.split())
    if not is_valid(number):
        raise PowerError("gsrn", "a metering point has 18 digits, the last of which checks the others")
    return number
