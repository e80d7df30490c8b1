"""Django configuration of the suppliers' pages."""

from django.apps import AppConfig


class SupplierWebConfig(AppConfig):
    """Card check, orders."""

    name = "tillit.faces.supplier_web"
    label = "supplier_web"
