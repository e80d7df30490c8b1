"""Django configuration of the case engine."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Cases, their steps and documents."""

    name = "tillit.cases"
    label = "cases"
