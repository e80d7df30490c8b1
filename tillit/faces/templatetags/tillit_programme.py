"""Prices, terms, offers, complaints and surveys in words: for every template, without a load (settings: builtins)."""

from typing import Any

from django import template
from django.urls import reverse

from tillit.faces.staff_web import terms_words
from tillit.faces.templatetags.tillit import amount, language, say_or
from tillit.faces.texts import say
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money

register = template.Library()


@register.filter
def voucher_status(status: str) -> str:
    """What became of a voucher."""
    return say(language(), f"vouchers.status.{status}")


@register.filter
def benefit_use(what: str) -> str:
    """What was done with a benefit."""
    return say(language(), f"benefit_desk.use.{what}")


@register.filter
def how_long(period: str) -> str:
    """`P1M` → «1 måned»."""
    return IsoPeriod.parse(period).describe(language())


@register.filter
def billed(row: Any) -> str:
    """The amount of an invoice, an order or a payment."""
    return Money(row.amount, row.currency).format(language())


@register.filter
def left(invoice: Any) -> str:
    """What is left to pay of an invoice."""
    return Money(invoice.left, invoice.currency).format(language())


@register.filter
def offer_price(offer: Any) -> str:
    """What an offer costs."""
    return amount(Money(offer.amount, offer.currency))


@register.filter
def thing_price(thing: Any) -> str:
    """What was paid for an object, as it is typed; empty where it is not said."""
    return "" if thing.price is None else Money(thing.price, thing.currency).format_number(language())


@register.filter
def rate_words(rule: Any) -> str:
    """A rate in words."""
    return terms_words.rate(rule, language())


@register.filter
def offer_words(one: Any) -> str:
    """An offer in words."""
    return terms_words.offer(one, language())


@register.filter
def terms_entry(entry: Any) -> str:
    """What a draft adds, in words."""
    return terms_words.entry(entry, language())


@register.filter
def left_out(reason: str) -> str:
    """Why people are left out of an audience."""
    return say_or(f"audience_desk.reason.{reason}", say(language(), "audience_desk.reason.other"))


@register.filter
def complaint_status(case: Any) -> str:
    """How a complaint stands."""
    return say_or(f"complaint.status.{case.outcome or case.stage}", case.stage)


@register.filter
def complaint_step(entry: Any) -> str:
    """What a step of a complaint was."""
    return say_or(f"complaint.step.{entry.step}", entry.step)


@register.filter
def said_title(texts: dict[str, dict[str, str]]) -> str:
    """The title, of texts by language and part."""
    return _part(texts, "title")


@register.filter
def said_purpose(texts: dict[str, dict[str, str]]) -> str:
    """The purpose."""
    return _part(texts, "purpose")


@register.filter
def said_about(texts: dict[str, dict[str, str]]) -> str:
    """The longer text."""
    return _part(texts, "about")


@register.filter
def said_text(texts: dict[str, dict[str, str]]) -> str:
    """The text."""
    return _part(texts, "text")


@register.filter
def survey_label(question: Any, label: str) -> str:
    """What a figure of a survey is of: an option's words, a value, a range, or what was put together."""
    if label == "*":
        return say(language(), "survey_desk.together")
    said = question.texts.get(language()) or next(iter(question.texts.values()))
    options = said.get("options", ())
    return str(options[int(label)]) if options and int(label) < len(options) else label


@register.filter
def survey_path(number: int, key: str) -> str:
    """The page of a survey, without what was asked of it."""
    return reverse("staff_survey", args=[key, number])


def _part(texts: dict[str, dict[str, str]], name: str) -> str:
    said = texts.get(language()) or next(iter(texts.values()), {})
    return str(said.get(name, ""))
