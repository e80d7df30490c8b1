"""Who uses the visualisation app: only for them is anything derived (E7)."""

from collections.abc import Collection

from tillit.kernel.scope import Scope, system
from tillit.power import queries

ACTIVITY = "app_operation"


def app_users(*, controller_id: int, subject_ids: Collection[int] | None = None) -> frozenset[int]:
    """Of everybody, or of these people. In a scope of its own: nothing else may know of apps."""
    with Scope(system("app", {controller_id}), ACTIVITY):
        return frozenset(queries.app_users(controller_id=controller_id, subject_ids=subject_ids))
