"""Django configuration: reception."""

from django.apps import AppConfig


class ReceptionConfig(AppConfig):
    """Reception."""

    name = "tillit.office.reception"
    label = "reception"
