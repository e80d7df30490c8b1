"""Django configuration: surveys."""

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    """Surveys."""

    name = "tillit.outreach.surveys"
    label = "surveys"
