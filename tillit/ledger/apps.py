"""Django configuration of the ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Books, transfers, balances, closings."""

    name = "tillit.ledger"
    label = "ledger"
