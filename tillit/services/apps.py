"""Django configuration of the services."""

from django.apps import AppConfig


class ServicesConfig(AppConfig):
    """Services as kinds of case."""

    name = "tillit.services"
    label = "services"
