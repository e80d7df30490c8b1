"""The values that purchases may be picked by (F3)."""

from collections.abc import Mapping

from tillit.kernel.collation import Ordered
from tillit.purchases.models import Chain


def chains(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The controller's chains."""
    rows = Chain.objects.filter(controller_id=controller_id).order_by(Ordered("name"))
    return {key: {"": name} for key, name in rows.values_list("key", "name")}
