"""Django configuration of the benefits domain."""

from django.apps import AppConfig


class BenefitsConfig(AppConfig):
    """Catalogue, codes, orders, suppliers."""

    name = "tillit.benefits"
    label = "benefits"
