"""What registered objects answer for."""

from tillit.declaration.registry import domain_check, personal
from tillit.services.objects.models import Thing, ThingFile

ACTIVITY = "object_registration"
personal(
    Thing,
    category="registered_object",
    clocks={"collected": "added_at", "removed": "removed_at"},
    figures="nobody counts what people own",
)
personal(
    ThingFile,
    category="registered_object",
    clocks={"collected": "added_at", "removed": "removed_at"},
    sealed=("sealed",),
    not_exported={"sealed": "the picture or receipt itself, which is fetched where the objects are"},
    figures="nobody counts what people own",
)
domain_check(
    "objects",
    __file__,
    "promises",
    "objects",
    promised=lambda declaration: f"activities.{ACTIVITY}" if declaration.activity(ACTIVITY) else "",
)
