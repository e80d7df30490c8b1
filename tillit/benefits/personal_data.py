"""What the benefits domain answers for."""

from collections.abc import Callable
from typing import Any

from tillit.benefits import chosen, handing_over, proof
from tillit.benefits.models import Benefit, Category, Edition, Frame, PoolCode, Supplier, UseCount, Validity
from tillit.benefits.order_models import DrawnCode, Order
from tillit.declaration.registry import domain_trial, goes_along, not_personal, personal

_COUNTED = "how often each benefit is ordered and opened stands in benefits_use_count"
personal(
    Order,
    category="benefit_order",
    clocks={"ordered": "ordered_at", "delivered": "ended_at"},
    figures=_COUNTED,
)
personal(
    DrawnCode,
    category="benefit_order",
    clocks={"ordered": "drawn_at", "delivered": "drawn_at"},
    figures=_COUNTED,
)
not_personal(Supplier, because="companies")
not_personal(Frame, because="what a union lets a supplier receive")
not_personal(Category, because="kinds of benefits")
not_personal(Benefit, because="benefits")
not_personal(Edition, because="what a benefit says")
not_personal(Validity, because="which union's members have a benefit, and when")
not_personal(PoolCode, because="codes that nobody has drawn")
not_personal(UseCount, because="numbers a month")


def _where(activity: str) -> Callable[[Any], str]:
    """Promised wherever the activity is declared."""
    return lambda declared: f"activities.{activity}" if declared.activity(activity) else ""


def _chosen(declared: Any) -> str:
    """Promised where benefits may be chosen for members at all."""
    channels = any(chosen.offered(declared, channel) for channel in chosen.CHANNELS)
    return f"activities.{chosen.ACTIVITY}.channels" if channels else ""


domain_trial("benefit_orders", trial=proof.frames, promised=_where("benefit_delivery"))
domain_trial("benefits", trial=proof.catalogue, promised=_where("benefit_delivery"))
domain_trial("benefit_counts", trial=proof.counts, promised=_where("statistics"))
domain_trial(
    "chosen_benefits",
    trial=chosen.faults,
    promised=lambda declared: (
        f"activities.{chosen.ACTIVITY}.channels"
        if any(chosen.offered(declared, one) for one in chosen.CHANNELS)
        else ""
    ),
)
goes_along("benefits", carry=handing_over.carry, behind=handing_over.behind)
