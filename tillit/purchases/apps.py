"""Django configuration of the purchases domain."""

from django.apps import AppConfig


class PurchasesConfig(AppConfig):
    """Instruments, intake, receipts."""

    name = "tillit.purchases"
    label = "purchases"
