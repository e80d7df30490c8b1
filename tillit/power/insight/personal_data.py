"""What the insight into power use answers for."""

from tillit.declaration.registry import not_personal, personal
from tillit.power.insight.models import Alert, AlertSetting, Group, MonthPart, QuietHours

_APP = {"app_deleted": "app_deleted_at"}
personal(MonthPart, category="energy_insight", clocks=_APP, figures="readings are what is counted")
personal(AlertSetting, category="energy_alert", clocks=_APP, kind_column="kind", figures="nobody counts settings")
personal(Alert, category="energy_alert", clocks=_APP, kind_column="kind", figures="nobody counts alerts")
personal(QuietHours, category="energy_alert", clocks={}, figures="nobody counts settings")
not_personal(
    Group, because="what at least five households of a group used, of at least the minimum group", only_added=True
)
