"""Django configuration of the privacy engine."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Retention, rights, proof."""

    name = "tillit.privacy"
    label = "privacy"
