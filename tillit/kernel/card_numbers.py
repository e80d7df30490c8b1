"""Full card numbers in what people write: found, so that they are refused, or masked where nobody can be asked (D5).

A number is what the eye reads as one: 13 to 19 digits, together or in groups with a space, dash or dot between, that
begin as cards do and end in a Luhn check digit. Sources: ISO/IEC 7812-1 (length, first digits, check digit);
PCI DSS 4.0, 3.2 (no card number where it is not needed). Pure; nothing here keeps, logs or tells a number.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import luhn

SHORTEST, LONGEST = 13, 19
_BETWEEN = r"(?:[^\w]|_){1,12}"
"""What may stand between groups of digits: any signs but letters and digits, spaces and invisible ones among them."""
_RUN = re.compile(rf"\d+(?:{_BETWEEN}\d+)*")
_GROUP = re.compile(r"\d+")
_MASK = "•••• "


def has_card_number(text: str) -> bool:
    """Whether a full card number stands somewhere in the text."""
    return next(_found(text), None) is not None


def mask_card_numbers(text: str) -> str:
    """The text with every full card number cut down to its last four: `•••• 1111`."""
    parts, kept = [], 0
    for start, end in _found(text):
        last = "".join(sign for sign in text[start:end] if sign.isdecimal())[-4:]
        parts += [text[kept:start], _MASK, last]
        kept = end
    return "".join([*parts, text[kept:]])


def _found(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each, from the left, the longest first; a part of a group of digits is none."""
    for run in _RUN.finditer(text):
        if run.end() - run.start() < SHORTEST:
            continue
        groups = [(run.start() + one.start(), run.start() + one.end()) for one in _GROUP.finditer(run.group())]
        first = 0
        while first < len(groups):
            last = _longest(text, groups[first:])
            if last:
                yield groups[first][0], groups[first + last - 1][1]
            first += last or 1


def _longest(text: str, groups: list[tuple[int, int]]) -> int:
    """How many of the groups, from the first on, are one card number; 0 when they are none."""
    digits, found = "", 0
    for count, (start, end) in enumerate(groups, 1):
        digits += "".join(str(unicodedata.decimal(sign)) for sign in text[start:end])
        if len(digits) > LONGEST:
            break
        if len(digits) >= SHORTEST and _begins_as_cards_do(digits) and luhn.is_valid(digits):
            found = count
    return found


def _begins_as_cards_do(digits: str) -> bool:
    """Travel (3), banking (4, 5), banking and commerce (6); of 2 only what Mastercard has, at its length."""
    if digits[0] == "2":
        return len(digits) == 16 and 2221 <= int(digits[:4]) <= 2720
    if digits[0] == "3":
        return digits[1] in "0456789" and len(digits) >= 14
    return digits[0] in "456"
