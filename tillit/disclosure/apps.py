"""Django configuration of the disclosure layer."""

from django.apps import AppConfig


class DisclosureConfig(AppConfig):
    """Outward transfers, their log, and the guard on outward connections."""

    name = "tillit.disclosure"
    label = "disclosure"

    def ready(self) -> None:
        """From here on no undeclared connection leaves this process."""
        from tillit.disclosure import outward  # noqa: PLC0415 (the registry is loaded first)

        outward.guard()
