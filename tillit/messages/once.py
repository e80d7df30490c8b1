"""What comes in from outside is acted upon once, however often it is handed over; what was not finished, again."""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tillit.kernel.sql import load
from tillit.platform.secrets import secret

UNFINISHED = timedelta(minutes=2)
"""After so long, what was begun and never finished (a process that died) may be begun again."""


def first(*, kind: str, controller_id: int, key: str, at: datetime) -> bool:
    """Whether this is to be acted upon now: it is new, or was begun and never finished."""
    with connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "once", "begin"),
            {"digest": _digest(kind, controller_id, key), "at": at, "lapsed": at - UNFINISHED},
        )
        return cursor.fetchone() is not None


def finished(*, kind: str, controller_id: int, key: str) -> None:
    """It has been acted upon."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "once", "finish"), {"digest": _digest(kind, controller_id, key)})


def forget(*, kind: str, controller_id: int, key: str) -> None:
    """It failed: whoever hands it over may do so again at once."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "once", "forget"), {"digest": _digest(kind, controller_id, key)})


def _digest(kind: str, controller_id: int, key: str) -> UUID:
    made = hmac.digest(secret("rates"), f"once:{kind}:{controller_id}:{key}".encode(), "sha256")
    return UUID(bytes=made[:16])
