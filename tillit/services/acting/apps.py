"""Django configuration of acting under a mandate."""

from django.apps import AppConfig


class ActingConfig(AppConfig):
    """Mandates, counterparts and letters."""

    name = "tillit.services.acting"
    label = "acting"
