"""Amounts as people type them in a form."""

from tillit.kernel.money import Money, MoneyError


def typed(text: str, currency: str = "NOK") -> int | None:
    """Minor units of what somebody typed (`1 250,50`); None for nothing or what is no amount."""
    try:
        return Money.parse(text.strip(), currency, locale="nb").minor if text.strip() else None
    except MoneyError:
        return None
