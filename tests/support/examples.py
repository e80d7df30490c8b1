"""How many examples a property test tries: a part of them by default, all with ``make soak``."""

import os


def tried(number: int) -> int:
    """`number` under ``TILLIT_EXAMPLES=all``, else a quarter of it, at least 15 (or `number` where that is fewer)."""
    return number if os.environ.get("TILLIT_EXAMPLES") == "all" else max(number // 4, min(number, 15))
