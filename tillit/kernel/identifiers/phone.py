"""Phone numbers of people, in E.164 (`+4741234567`)."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from tillit.kernel.identifiers.errors import IdentifierError

LONGEST = 40
_FORM = re.compile(r"[0-9+ \t\u00a0\u202f\u2009()./\-\u2010\u2011\u2012\u2013]+")
_NORWAY = 47
_NORWEGIAN_MOBILE = re.compile(r"\+47[49][0-9]{7}")
_NORWEGIAN_MACHINE = re.compile(r"58[0-9]{10}")
_MOBILE_TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def normalise(text: str, region: str = "NO") -> str:
    """The number in E.164; a number without a country code belongs to `region` (ISO 3166).

    Raises IdentifierError `phone-malformed`, `phone-machine` (the Norwegian 12-digit 58 series) or
    `phone-not-in-use` (a series no country has given out).
    """
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST or not _FORM.fullmatch(stripped):
        raise IdentifierError("phone-malformed", "The phone number holds something else than a number.")
    try:
        number = phonenumbers.parse(stripped, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None:
        raise IdentifierError("phone-malformed", "The phone number cannot be read.")
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _NORWAY and _NORWEGIAN_MACHINE.fullmatch(national):
        raise IdentifierError("phone-machine", "The number belongs to a machine, not to a person.")
    if not phonenumbers.is_valid_number(number):
        raise IdentifierError("phone-not-in-use", "The number is not in a series that is in use.")
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def is_valid(text: str, region: str = "NO") -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text, region)
    except IdentifierError:
        return False
    return True


def is_mobile(number: str) -> bool:
    """True when an E.164 number can receive text messages: 8 digits from 4 or 9 in Norway."""
    if number.startswith(f"+{_NORWAY}"):
        return _NORWEGIAN_MOBILE.fullmatch(number) is not None
    return phonenumbers.number_type(phonenumbers.parse(number)) in _MOBILE_TYPES


def format_for_reader(number: str, region: str = "NO") -> str:
    """An E.164 number in groups, with the country code outside `region`; no-break spaces."""
    parsed = phonenumbers.parse(number)
    at_home = phonenumbers.region_code_for_number(parsed) == region
    form = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, form)).replace(" ", "\u00a0")
