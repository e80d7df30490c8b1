"""`{% load tillit %}`: wording, dates, times, amounts and vocabulary words in the reader's language."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from django import template
from django.utils.translation import get_language

from tillit.declaration.vocabulary import vocabulary
from tillit.faces.texts import REFERENCE, MissingWordingError, say
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.identifiers import bonus_id as bonus_ids
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.money import Money

register = template.Library()
_FOREVER = 9999


def language() -> str:
    """The reader's language as the texts know it."""
    return (get_language() or REFERENCE).split("-")[0]


def _writing() -> str:
    """How the reader's language writes days here: an English reader in Europe puts the day first."""
    return "en_GB" if language() == "en" else language()


@register.simple_tag
def t(key: str, **values: Any) -> str:
    """The text `key`, escaped like any other output."""
    return say(language(), key, **values)


@register.filter
def localised(texts: dict[str, str] | None) -> str:
    """A declared text in the reader's language, else in the first language it has."""
    if not texts:
        return ""
    return texts.get(language()) or next(iter(texts.values()))


@register.filter
def listed(value: object) -> str:
    """A list as `one, two`; anything else as it is."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@register.filter
def word(key: str, kind: str) -> str:
    """A vocabulary word: `{{ category|word:"categories" }}`."""
    return str(getattr(vocabulary(), kind)[key].name(language()))


@register.filter
def day(value: date | datetime | str | None) -> str:
    """A date in words, `5. juni 2014`, also of `2014-06-05`; a moment is first brought to local time."""
    if not value:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(DEFAULT_ZONE)).date()
    if value.year == _FOREVER:
        return say(language(), "value.never")
    return format_date(value, format="long", locale=_writing())


@register.filter
def moment(value: datetime | None) -> str:
    """A moment: `5. juni 2014 kl. 13.00`."""
    if value is None:
        return ""
    there = value.astimezone(ZoneInfo(DEFAULT_ZONE))
    clock = format_time(there, format="HH.mm" if language() != "en" else "HH:mm", locale=language())
    return say(language(), "value.moment", day=format_date(there.date(), format="long", locale=_writing()), time=clock)


@register.filter
def amount(value: Money) -> str:
    """Money as the reader writes it."""
    return value.format(language())


@register.filter
def percent(basis_points: int) -> str:
    """150 as 1,5 % in the reader's language."""
    return format_percent(Decimal(basis_points) / 10_000, format="#,##0.##\u00a0%", locale=language())


@register.filter
def hundredths(value: int) -> str:
    """150 as 1,5 in the reader's language."""
    return format_decimal(Decimal(value) / 100, locale=language())


@register.filter
def degrees(value: float | None) -> str:
    """An angle as the reader writes it, and as a form takes it back."""
    return "" if value is None else format_decimal(value, locale=language(), decimal_quantization=False)


@register.filter
def iso(value: datetime) -> str:
    """A moment as an address carries it."""
    return value.isoformat()


@register.filter
def number(value: int) -> str:
    """A number with the reader's grouping."""
    return format_decimal(value, locale=language())


@register.filter
def account_word(kind: str) -> str:
    """A kind of account, as the person reads it: where bonus came from or went."""
    return say(language(), f"account.{kind}")


@register.filter
def relationship(kind: str) -> str:
    """`medlem`, `kunde` …"""
    return word(kind, "relationships")


@register.filter
def fact_name(kind: str) -> str:
    """The name of a kind of fact; the kind itself where the wording has none."""
    return say_or(f"fact.{kind}", kind)


@register.filter
def source_word(source: str) -> str:
    """Where a fact came from: `deg selv` …"""
    return word(source, "sources") if source in vocabulary().sources else source


@register.filter
def channel_name(channel: str) -> str:
    """A channel's name; everything where the activity has none."""
    return word(channel, "channels") if channel else say(language(), "choices.whole")


@register.filter
def switch_button(switch: Any) -> str:
    """What turning the switch is called."""
    return say(language(), f"choices.{switch.kind}_{'off' if switch.on else 'on'}")


def say_or(key: str, otherwise: str) -> str:
    """The text `key`, or `otherwise` where there is none."""
    try:
        return say(language(), key)
    except MissingWordingError:
        return otherwise


@register.filter
def activity_word(key: str) -> str:
    """The name of an activity."""
    return word(key, "activities")


@register.filter
def fact_value(fact: Any) -> str:
    """A fact's value as people write it: a phone number in groups, a date in words."""
    with suppress(ValueError, IdentifierError):  # an older value is shown as it is kept
        if fact.kind.rpartition(".")[2] == "phone":
            return phones.format_for_reader(phones.normalise(fact.value))
        if fact.kind == "bonus_id":
            return bonus_ids.format_for_reader(fact.value)
        if fact.kind == "birth_date":
            return day(date.fromisoformat(fact.value))
    return str(fact.value)


@register.filter(name="bonus_id")
def bonus_id_in_groups(number: str) -> str:
    """A BonusID in groups of four."""
    return bonus_ids.format_for_reader(number)


@register.filter
def right_name(right: str) -> str:
    """The name of a right, as a heading."""
    return say(language(), f"requests.right.{right}")


@register.filter
def ground_name(ground: str, right: str) -> str:
    """The ground of an erasure or a restriction, as the person would say it."""
    return say(language(), f"requests.grounds.{right}.{ground}")


@register.filter
def case_status(case: Any) -> str:
    """How a request stands: its outcome when it is over, else its stage."""
    if case.closed_at is not None and case.outcome:
        return say_or(f"requests.outcome.{case.outcome}", say(language(), "requests.stage.closed"))
    return say_or(f"requests.stage.{case.stage}", case.stage)


@register.filter
def step_name(entry: Any) -> str:
    """What a step of a case was."""
    return say_or(f"requests.step.{entry.step}", entry.step)


@register.filter
def late_by(days_left: int) -> int:
    """How many days late, from the days left."""
    return -days_left


@register.filter
def iso_day(text: str) -> str:
    """A date kept as text, in words."""
    return day(date.fromisoformat(text))


@register.filter
def network_name(network: str) -> str:
    """Visa, Mastercard, a debit account."""
    return say_or(f"cards.network.{network}", network)


@register.filter
def kwh(watt_hours: int) -> str:
    """Watt-hours as kWh in the reader's language."""
    return f"{format_decimal(watt_hours / 1000, format='#,##0.###', locale=language())} kWh"


@register.filter
def split_words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


@register.filter
def last_day(value: date) -> str:
    """The last day before a first day after."""
    return day(value - timedelta(days=1))


@register.filter
def told_number(value: int | None) -> str:
    """A number of people, or that it is not told (`campaigns.figures`)."""
    return say(language(), "campaigns.not_told") if value is None else number(value)


@register.filter
def consent_route(route: str) -> str:
    """How a choice was said."""
    return say_or(f"consent_receipts.route.{route}", route)


@register.filter
def gender_name(gender: str) -> str:
    """A gender in words."""
    return say_or(f"identity.gender.{gender}", gender)


@register.filter
def of(values: Any, key: str) -> Any:
    """The value of a key, empty where there is none."""
    return values.get(key, "") if isinstance(values, dict) else ""


@register.filter
def language_name(code: str) -> str:
    """The name of a language, in itself."""
    return say(code, "language.name")


@register.filter
def phone_link(number: str) -> str:
    """A phone number as `tel:` wants it: digits, with a plus before the country."""
    return "".join(sign for sign in number if sign.isdigit() or sign == "+")


@register.filter
def permission_name(key: str) -> str:
    """The name of a device permission; the declaration's own word where the wording has none."""
    return say_or(f"app.permission.{key}", key.replace("_", " "))


@register.filter
def provider_name(key: str, site: Any) -> str:
    """The name of an outside sign-in service; its key where it is declared no more."""
    return next((item.name for item in site.declaration.sign_in_providers if item.key == key), key)
