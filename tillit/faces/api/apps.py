"""Django configuration of the API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Partners' keys and calls."""

    name = "tillit.faces.api"
    label = "api"
