"""Rates, offers and suspensions in words, for an operator: times in the zone of the programme's days."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tillit.bonus import rates
from tillit.bonus.models import Offer, RateRule, Suspension
from tillit.bonus.rates import WEEKDAYS
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.money import Money


def rate(rule: RateRule) -> str:
    """A rate in words."""
    parts = [
        f"{'+' if rule.mode == 'add' and rule.basis_points >= 0 else ''}{rule.basis_points / 100:.2f} %",
        *_window(rule),
        f"store {rule.store.number}" if rule.store else "",
        f"group {rule.product_group.key}" if rule.product_group else "",
        *_hours(rule),
        f"priority {rule.priority}" if rule.priority else "",
    ]
    return ", ".join(filter(None, parts))


def offer(one: Offer) -> str:
    """An offer in words."""

    def money(amount: int | None) -> str:
        return "" if amount is None else Money(amount, one.chain.currency).format("en")

    gives = {
        "rate": f"+{one.basis_points / 100:.2f} %",
        "times": f"{one.factor / 100:.2f} times the rate",
        "fixed": f"{money(one.amount)} for each {one.per}",
    }
    parts = [
        one.name,
        gives[one.kind],
        f"from purchases of {money(one.threshold)}" if one.threshold else "",
        *_window(one),
        f"{len(one.store_ids)} stores" if one.store_ids else "",
        f"{len(one.group_ids)} groups" if one.group_ids else "",
        *_hours(one),
        "for its audience" if one.targeted else "",
        f"at most {money(one.cap_receipt)} a receipt" if one.cap_receipt else "",
        f"at most {money(one.cap_member)} a member and {one.cap_period}" if one.cap_member else "",
        f"{money(one.given)} of {money(one.budget)} given" if one.budget else "",
        f"priority {one.priority}" if one.priority else "",
    ]
    return ", ".join(filter(None, parts))


def suspension(one: Suspension) -> str:
    """A suspension in words."""
    lifted = f"lifted {_moment(one.lifted_at)}" if one.lifted_at else ""
    what = {"earn": "earning", "use": "use"}[one.what]
    return ", ".join(filter(None, [what, one.reason, *_window(one), "parked" if one.parked else "", lifted]))


def _window(one: RateRule | Offer | Suspension) -> list[str]:
    return [f"from {_moment(one.starts)}", f"until {_moment(one.ends)}" if one.ends else ""]


def _hours(one: RateRule | Offer) -> list[str]:
    whole = (one.from_minute, one.to_minute) == (0, rates.DAY_MINUTES)
    hours = "" if whole else "-".join(f"{m // 60:02d}:{m % 60:02d}" for m in (one.from_minute, one.to_minute))
    days = (
        "" if one.weekdays == rates.EVERY_DAY else " ".join(day for day, bit in WEEKDAYS.items() if one.weekdays & bit)
    )
    return [days, hours]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(DEFAULT_ZONE)):%Y-%m-%d %H:%M}"
