"""Django configuration of the bonus domain."""

from django.apps import AppConfig


class BonusConfig(AppConfig):
    """Programme rules on top of the ledger."""

    name = "tillit.bonus"
    label = "bonus"
