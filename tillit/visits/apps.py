"""Django configuration of the visits."""

from django.apps import AppConfig


class VisitsConfig(AppConfig):
    """Visit statistics."""

    name = "tillit.visits"
    label = "visits"
