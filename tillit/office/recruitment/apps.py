"""Django configuration: recruitment."""

from django.apps import AppConfig


class RecruitmentConfig(AppConfig):
    """Recruitment."""

    name = "tillit.office.recruitment"
    label = "recruitment"
