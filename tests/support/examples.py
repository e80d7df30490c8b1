"""How many examples a property test tries: a part of them by default, all with ``make soak``."""

import os


def everything() -> bool:
    """Whether all examples are tried, drawn anew each time, as ``make soak`` does."""
    return os.environ.get("TILLIT_EXAMPLES") == "all"


def tried(number: int) -> int:
    """`number` under `everything`, else a quarter of it, at least 15 (or `number` where that is fewer)."""
    return number if everything() else max(number // 4, min(number, 15))
