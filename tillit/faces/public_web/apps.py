"""Django configuration of the public pages."""

from django.apps import AppConfig


class PublicWebConfig(AppConfig):
    """Public pages."""

    name = "tillit.faces.public_web"
    label = "public_web"
