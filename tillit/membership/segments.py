"""The values that facts of memberships may be picked by (F3)."""

from collections.abc import Mapping

from tillit.kernel.collation import Ordered
from tillit.membership.models import CollectiveAgreement, MembershipType


def types(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The union's types of membership."""
    rows = MembershipType.objects.filter(controller_id=controller_id).order_by(Ordered("name"))
    return {key: {"": name} for key, name in rows.values_list("key", "name")}


def agreements(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The union's collective insurance agreements."""
    rows = CollectiveAgreement.objects.filter(controller_id=controller_id).order_by(Ordered("name"))
    return {key: {"": name} for key, name in rows.values_list("key", "name")}
