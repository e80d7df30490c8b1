"""The order that a seed and a list of tickets give. Pure, and all that a verifier needs (docs/outreach-forms.md).

    commitment = SHA-256(seed)                              published first
    digest     = SHA-256(every ticket in order, each followed by a line feed)
    order      = tickets sorted by HMAC-SHA256(key=seed, message=mixed_in + ":" + ticket)

The first of the order are drawn. A seed is 32 bytes; a ticket 32 hexadecimal digits, taken as those letters. `mixed_in`
is '' or a public number of a later day that was named beforehand: then not even who knows the seed knows the order.
"""

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256

TICKET = re.compile(r"[0-9a-f]{32}\Z")


def commitment(seed: bytes) -> str:
    """What is published before the list is known: 64 hexadecimal digits."""
    return sha256(seed).hexdigest()


def digest(tickets: Iterable[str]) -> str:
    """The digest of the list, whatever order it comes in: 64 hexadecimal digits."""
    return sha256("".join(f"{ticket}\n" for ticket in sorted(tickets)).encode()).hexdigest()


def drawn(*, seed: bytes, tickets: Iterable[str], count: int, mixed_in: str = "") -> list[str]:
    """The first `count` tickets of the order."""

    def place(ticket: str) -> bytes:
        return hmac.digest(seed, f"{mixed_in}:{ticket}".encode(), "sha256")

    return sorted(tickets, key=place)[:count]


def faults(
    *, seed: bytes, committed: str, tickets: list[str], listed: str, said: list[str], mixed_in: str = ""
) -> list[str]:
    """What is not as it should be: codes `seed`, `list`, `tickets`, `order`."""
    found = []
    if commitment(seed) != committed:
        found.append("seed")
    if digest(tickets) != listed:
        found.append("list")
    if len(set(tickets)) != len(tickets) or not all(TICKET.match(ticket) for ticket in tickets):
        found.append("tickets")
    if drawn(seed=seed, tickets=tickets, count=len(said), mixed_in=mixed_in) != said:
        found.append("order")
    return found
