"""Which campaigns' messages wait or never leave: campaigns say so, the outbox asks as each message leaves (F3)."""

from collections.abc import Callable, Collection

CANCELLED = "cancelled"
_HELD: list[tuple[Callable[[], Collection[int]], Callable[[int], str]]] = []


def hold_back(source: Callable[[], Collection[int]], standing: Callable[[int], str]) -> None:
    """Register who knows which campaigns are paused (their messages wait), and how one stands now: '' where its
    messages may leave, `cancelled` where they never will, anything else where they wait.
    """
    if (source, standing) not in _HELD:
        _HELD.append((source, standing))


def paused() -> list[int]:
    """The campaigns whose messages wait."""
    return sorted({one for source, _ in _HELD for one in source()})


def stopped(campaign: int | None) -> str:
    """Why a campaign's messages may not leave now; '' where they may."""
    return "" if campaign is None else next(filter(None, (standing(campaign) for _, standing in _HELD)), "")
