"""Django configuration of the messages of the market hub."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    """Requests to the hub and what it tells."""

    name = "tillit.power.hub"
    label = "power_hub"
