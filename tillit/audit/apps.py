"""Django configuration of the audit layer."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Typed events and their chains."""

    name = "tillit.audit"
    label = "audit"
