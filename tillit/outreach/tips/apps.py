"""Django configuration: tips to friends."""

from django.apps import AppConfig


class TipsConfig(AppConfig):
    """Tips to friends."""

    name = "tillit.outreach.tips"
    label = "tips"
