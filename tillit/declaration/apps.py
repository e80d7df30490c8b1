"""Django configuration of the declaration layer: the registry loads when every model is known; the guard on each
connection.
"""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created

from tillit.kernel.scope import guard


def _install(connection: Any, **_: Any) -> None:
    migrating = getattr(settings, "TILLIT_DB_ROLE", "app") == "owner"
    if not migrating and guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard)


class DeclarationConfig(AppConfig):
    """Loads the registry once all apps are ready."""

    name = "tillit.declaration"
    label = "declaration"

    def ready(self) -> None:
        """Load every app's answers about its tables and install the guard on each connection."""
        from tillit.declaration import registry  # noqa: PLC0415 (models must be loaded first)

        registry.load()
        connection_created.connect(_install, dispatch_uid="tillit-guard")
