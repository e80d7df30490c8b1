"""Django configuration of what is derived from readings."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """Breakdown, comparison, alerts."""

    name = "tillit.power.insight"
    label = "power_insight"
