"""Django configuration of what the web faces share."""

import logging

from django.apps import AppConfig


class FacesConfig(AppConfig):
    """The frame."""

    name = "tillit.faces"
    label = "faces"

    def ready(self) -> None:
        """Silence Django's own request logs: they quote paths and hosts. `RequestLog` writes ours."""
        for name in ("django.request", "django.security"):
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
