"""Django configuration of the audiences."""

from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    """Audiences for advertising elsewhere."""

    name = "tillit.outreach.audiences"
    label = "audiences"
