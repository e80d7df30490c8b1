"""Rates, offers and what a draft adds, in the words of the page's language."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal

from tillit.bonus.models import Offer, RateRule
from tillit.bonus.rates import DAY_MINUTES, EVERY_DAY, WEEKDAYS
from tillit.faces.texts import say
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.money import Money


def rate(rule: RateRule, language: str) -> str:
    """A rate in words."""
    parts = [
        f"{'+' if rule.mode == 'add' and rule.basis_points >= 0 else ''}{_number(rule.basis_points, language)} %",
        rule.store.name if rule.store else "",
        rule.product_group.name if rule.product_group else "",
        *_window(rule, language),
    ]
    return ", ".join(filter(None, parts))


def offer(one: Offer, language: str) -> str:
    """An offer in words."""

    def money(amount: int | None) -> str:
        return Money(amount or 0, one.chain.currency).format(language)

    def word(key: str, **values: Any) -> str:
        return say(language, f"terms_desk.words.{key}", **values)

    gives = {
        "rate": f"+{_number(one.basis_points, language)} %",
        "times": word("times", value=_number(one.factor, language)),
        "fixed": word(f"fixed_{one.per}", amount=money(one.amount)),
    }
    parts = [
        one.name,
        gives[one.kind],
        word("threshold", amount=money(one.threshold)) if one.threshold else "",
        *_window(one, language),
        word("audience") if one.targeted else "",
        word("budget", given=money(one.given), budget=money(one.budget)) if one.budget else "",
    ]
    return ", ".join(filter(None, parts))


def entry(given: dict[str, Any], language: str) -> str:
    """What a draft adds, part by part."""
    named = {"percent": "percent", "product_group": "group", "product_groups": "groups", "hours": "hours"}
    parts = []
    for key, value in given.items():
        if key == "weekdays":
            text = ", ".join(say(language, f"terms_desk.weekday.{day}") for day in value)
        elif key in {"mode", "per", "most_period"}:
            words = {"mode": f"terms_desk.{value}", "per": f"terms_desk.{value}"}
            text = say(language, words.get(key, f"terms_desk.period.{value}"))
        elif value is True:
            text = say(language, "terms_desk.words.yes")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        parts.append(f"{say(language, f'terms_desk.field.{named.get(key, key)}')}: {text}")
    return "; ".join(parts)


def _window(one: RateRule | Offer, language: str) -> list[str]:
    whole = (one.from_minute, one.to_minute) == (0, DAY_MINUTES)
    hours = "" if whole else "–".join(f"{m // 60:02d}:{m % 60:02d}" for m in (one.from_minute, one.to_minute))
    days = [say(language, f"terms_desk.weekday.{day}") for day, bit in WEEKDAYS.items() if one.weekdays & bit]
    until = say(language, "terms_desk.words.until", at=_moment(one.ends, language)) if one.ends else ""
    return [
        say(language, "terms_desk.words.from", at=_moment(one.starts, language)),
        until,
        "" if one.weekdays == EVERY_DAY else " ".join(days),
        hours,
    ]


def _number(hundredths: int, language: str) -> str:
    return str(format_decimal(hundredths / 100, locale=language))


def _moment(at: datetime, language: str) -> str:
    return str(format_datetime(at, "short", locale=language, tzinfo=ZoneInfo(DEFAULT_ZONE)))
