"""What the insight into power use answers for."""

from collections.abc import Callable
from typing import Any

from tillit.declaration.registry import domain_check, not_personal, personal
from tillit.power.insight.models import Alert, AlertSetting, Group, MonthPart, QuietHours

_APP = {"app_deleted": "app_deleted_at"}
personal(MonthPart, category="energy_insight", clocks=_APP, figures="readings are what is counted")
personal(AlertSetting, category="energy_alert", clocks=_APP, kind_column="kind", figures="nobody counts settings")
personal(Alert, category="energy_alert", clocks=_APP, kind_column="kind", figures="nobody counts alerts")
personal(QuietHours, category="energy_alert", clocks={}, figures="nobody counts settings")
not_personal(
    Group,
    because="what a group used, and the fifth of it: no fewer homes than the minimum group",
    only_added=True,
)


def _declared(activity: str) -> Callable[[Any], str]:
    return lambda declaration: f"activities.{activity}" if declaration.activity(activity) else ""


for _activity in ("household_comparison", "energy_insight", "energy_alerts"):
    domain_check(_activity, __file__, "proof", _activity, promised=_declared(_activity))
