"""Django configuration: competitions."""

from django.apps import AppConfig


class CompetitionsConfig(AppConfig):
    """Competitions."""

    name = "tillit.outreach.competitions"
    label = "competitions"
