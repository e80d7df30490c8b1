"""Django configuration of the journeys."""

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    """Use cases that cross domains; the files that are on their way into one."""

    name = "tillit.journeys"
    label = "journeys"
