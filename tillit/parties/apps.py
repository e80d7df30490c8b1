"""Django configuration of the parties layer."""

from django.apps import AppConfig


class PartiesConfig(AppConfig):
    """Subjects, facts, directories, keys, staff."""

    name = "tillit.parties"
    label = "parties"
