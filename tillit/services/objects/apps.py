"""Django configuration of registered objects."""

from django.apps import AppConfig


class ObjectsConfig(AppConfig):
    """Things and their files."""

    name = "tillit.services.objects"
    label = "objects"
