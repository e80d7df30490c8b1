"""Django configuration of the consent layer."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """Consents, objections, restrictions."""

    name = "tillit.consent"
    label = "consent"
