"""Django configuration of the purchases domain."""

from django.apps import AppConfig
from django.conf import settings


class PurchasesConfig(AppConfig):
    """Instruments, intake, receipts."""

    name = "tillit.purchases"
    label = "purchases"

    def ready(self) -> None:
        """Refuse an address to which card numbers would go in the clear, before anything is asked."""
        from tillit.purchases import ownership  # noqa: PLC0415 (reads models, which are there only now)

        if settings.OWNERSHIP_SERVICE:
            ownership.service()
