"""Django configuration of the staff console."""

from django.apps import AppConfig


class StaffWebConfig(AppConfig):
    """The staff console."""

    name = "tillit.faces.staff_web"
    label = "staff_web"
