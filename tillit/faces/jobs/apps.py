"""Django configuration of the jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Periodic and deferred work."""

    name = "tillit.faces.jobs"
    label = "jobs"
