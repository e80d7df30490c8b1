"""Django configuration: seminars."""

from django.apps import AppConfig


class SeminarsConfig(AppConfig):
    """Seminars."""

    name = "tillit.outreach.seminars"
    label = "seminars"
