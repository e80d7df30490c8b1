"""Django configuration: draws that anyone can repeat."""

from django.apps import AppConfig


class DrawsConfig(AppConfig):
    """Draws that anyone can repeat."""

    name = "tillit.outreach.draws"
    label = "draws"
