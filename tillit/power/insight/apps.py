"""Django configuration of what is derived from readings."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """Breakdown, comparison, alerts."""

    name = "tillit.power.insight"
    label = "power_insight"

    def ready(self) -> None:
        """Alerts are asked about once more as they leave."""
        from tillit.messages import deciding  # noqa: PLC0415
        from tillit.power.insight import leaving, settings  # noqa: PLC0415

        deciding.asked_as_it_leaves(settings.ACTIVITY, leaving.not_now)
