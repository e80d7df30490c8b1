"""Rate limits without personal data: tries are counted per window under a keyed digest of who tries (H18).

A network address is truncated before it is digested (IPv4 to 24 bits, IPv6 to 48), so that not even the key's holder
finds one subscriber in the table.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from uuid import UUID

from django.db import connection

from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.platform.secrets import secret

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Where windows begin; how it is chosen is of no weight."""


@dataclass(frozen=True)
class Limit:
    """At most `most` tries of `what` in each window of `every`, for one who."""

    what: str
    most: int
    every: timedelta


def within(limit: Limit, who: str) -> bool:
    """Count one try by `who`; whether it is still within the limit. Committed at once outside a transaction."""
    return _counted("count", limit, who) <= limit.most


def spent(limit: Limit, who: str) -> bool:
    """Whether `who` has no try left; counts none."""
    return _counted("look", limit, who) >= limit.most


def give_back(limit: Limit, who: str) -> None:
    """A try that was counted by `within` was none."""
    _counted("give_back", limit, who)


def _window(now: datetime, every: timedelta) -> datetime:
    """When the window began that a moment lies in."""
    return _EPOCH + ((now - _EPOCH) // every) * every


def _counted(statement: str, limit: Limit, who: str) -> int:
    now = clock.now()
    window = _window(now, limit.every)
    digest = hmac.digest(secret("rates"), f"{limit.what}:{window.isoformat()}:{who}".encode(), "sha256")[:16]
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"digest": UUID(bytes=digest), "window": window}
        cursor.execute(load(__file__, "rates", statement), given | {"alone": not connection.in_atomic_block})
        return int(cursor.fetchone()[0])


def truncated(address: str) -> str:
    """A network address without its last part: `198.51.100.7` → `198.51.100.0/24`; '' when it is none.

    An IPv4 address in IPv6 dress is the IPv4 address: else all of them would be one network.
    """
    try:
        given = ip_address(address)
    except ValueError:
        return ""
    if isinstance(given, IPv6Address) and given.ipv4_mapped:
        given = given.ipv4_mapped
    return str(ip_network(given).supernet(new_prefix=24 if given.version == 4 else 48))
