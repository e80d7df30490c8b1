"""What is done when, and the rule for what is due. Times are the installation's local time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tillit.kernel.clock import DEFAULT_ZONE

QUEUES = DEFAULT, PROMPT, OUTWARD = "default", "prompt", "outward"
"""What waits its turn, what must not wait behind a backup, and what waits for other people's servers: each has a
worker, so that none of them holds up another.
"""


@dataclass(frozen=True)
class Every:
    """A periodic job: at least `apart`, and for daily work not before `hour` o'clock. `queue`: one of `QUEUES`; what is
    prompt waits behind no long one, and is short itself.
    """

    name: str
    work: Callable[[], object]
    apart: timedelta
    hour: int | None = None
    queue: str = DEFAULT

    def due(self, last: datetime | None, now: datetime) -> bool:
        """Whether the job should start at `now`, having last completed at `last`. A missed day is made up for."""
        if last is None:
            return True
        if self.hour is None:
            return now - last >= self.apart
        local = now.astimezone(ZoneInfo(DEFAULT_ZONE))
        today = local.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        latest = today if local >= today else today - timedelta(days=1)
        return last.astimezone(ZoneInfo(DEFAULT_ZONE)) < latest
