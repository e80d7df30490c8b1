"""What could not be done, in words: for every template, without a load (settings: builtins)."""

from typing import Any

from django import template

from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import MissingWordingError, say

register = template.Library()


@register.filter
def join_problem(code: str) -> str:
    """What is wrong with a field of the joining form: the words of its code, else those of its scheme."""
    try:
        return say(language(), f"join.problem.{code}")
    except MissingWordingError:
        return say(language(), f"join.problem.{code.partition('-')[0]}")


@register.filter
def card_problem(code: str) -> str:
    """Why a card was not taken."""
    return say_or(f"cards.problem.{code}", say(language(), "cards.problem.number"))


@register.filter
def supply_problem(code: str) -> str:
    """Why what was asked of a power contract was not done."""
    return say_or(f"supply.problem.{code}", say(language(), "supply.problem.value"))


@register.filter
def hub_reason(code: str) -> str:
    """Why the market hub rejected a request, or why it is stuck: in words where the code is known, else the code."""
    return say_or(f"market_hub.reason.{code}", code)


@register.filter
def block_problem(code: str) -> str:
    """Why what the blocking desk asked for was not done."""
    return say_or(f"blocking_desk.problem.{code}", say(language(), "blocking_desk.problem.field"))


@register.filter
def service_problem(code: str, site: Any) -> str:
    """Why what was asked of the services was not done, with the declared ages."""
    limit = site.declaration.children
    ages = {"age": limit.minimum_age, "consent_age": limit.consent_age}
    known = say_or(f"services.problem.{code}", say(language(), "services.problem.other"))
    return known.format_map(ages)


@register.filter
def desk_problem(code: str, site: Any) -> str:
    """Why what staff asked for a customer was not done."""
    known = say_or(f"services_desk.problem.{code}", "") or say_or(f"belongings.problem.{code}", "")
    known = known or say_or(f"insurance.problem.{code}", "")
    return known or service_problem(code, site)


@register.filter
def family_problem(code: str, site: Any) -> str:
    """Why what was asked of a family was not done, with the declared ages."""
    limit = site.declaration.children
    known = say_or(f"family.problem.{code}", "") or say_or(f"blocking.problem.{code}", "")
    known = known or say_or(f"services.problem.{code}", say(language(), "services.problem.other"))
    return known.format_map({"age": limit.minimum_age, "consent_age": limit.consent_age})


@register.filter
def payment_problem(code: str) -> str:
    """Why what was asked of an invoice, an order or a payment was not done."""
    return say_or(f"payments.problem.{code}", say(language(), "payments.problem.other"))


@register.filter
def claim_problem(code: str) -> str:
    """Why what was asked of an insurance claim was not done."""
    return say_or(f"insurance.problem.{code}", say(language(), "insurance.problem.other"))


@register.filter
def assistance_problem(code: str) -> str:
    """Why what a service that is a case was asked for was not done."""
    return say_or(f"assistance.problem.{code}", say(language(), "assistance.problem.other"))


@register.filter
def thing_problem(code: str) -> str:
    """Why an object or a file of it was not taken."""
    return say_or(f"belongings.problem.{code}", say(language(), "belongings.problem.other"))


@register.filter
def complaint_problem(code: str) -> str:
    """Why a complaint, a file of it or a decision was not taken."""
    known = say_or(f"complaint.problem.{code.partition('-')[0]}", say(language(), "complaint.problem.field"))
    return say_or(f"complaint.problem.{code}", known)


@register.filter
def terms_problem(code: str) -> str:
    """Why a change of terms was not taken."""
    return say_or(f"terms_desk.problem.{code}", say(language(), "terms_desk.problem.field"))


@register.filter
def settle_problem(code: str) -> str:
    """Why a settlement or a bank's file was not taken."""
    return say_or(f"settle_desk.problem.{code}", say(language(), "terms_desk.problem.field"))


@register.filter
def value_problem(code: str) -> str:
    """Why a code at the desk leads nowhere, or cannot be undone."""
    return say_or(f"value_desk.problem.{code}", say(language(), "value_desk.problem.code"))


@register.filter
def campaign_problem(code: str) -> str:
    """Why a campaign cannot be as asked."""
    return say_or(f"campaigns.problem.{code}", say(language(), "campaigns.problem.value"))
