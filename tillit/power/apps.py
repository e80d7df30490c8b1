"""Django configuration of the power domain."""

from django.apps import AppConfig


class PowerConfig(AppConfig):
    """Metering points, contracts and meter values."""

    name = "tillit.power"
    label = "power"
