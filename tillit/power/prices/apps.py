"""Django configuration of the prices of power."""

from django.apps import AppConfig


class PricesConfig(AppConfig):
    """Prices, taxes, tariffs and schemes."""

    name = "tillit.power.prices"
    label = "power_prices"
