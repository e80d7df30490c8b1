"""Committing to a seed, closing the list, drawing; each step once, in this order, on record (F7, F8)."""

import hmac
import secrets as random_source
from collections.abc import Collection, Iterator
from datetime import datetime

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.outreach.draws import events, order
from tillit.outreach.draws.errors import DrawError
from tillit.outreach.draws.models import Draw
from tillit.platform.secrets import secret

_AT_ONCE = 4000


def commit(
    *,
    scope: Scope,
    controller: Controller,
    names: dict[str, str],
    announced: str = "",
    announced_at: datetime | None = None,
) -> Draw:
    """A new draw, committed to a seed that nobody has seen. announced, announced_at: what public number will be mixed
    in, and the moment before which nobody knows it. Raises `DrawError` `draw-announced`.
    """
    if bool(announced.strip()) != (announced_at is not None) or (announced_at and announced_at <= clock.now()):
        raise DrawError("draw-announced", "a number is announced with a moment to come")
    made = Draw(controller=controller, names=names, secret=random_source.token_bytes(32), committed_at=clock.now())
    made.announced, made.announced_at = announced.strip()[:120], announced_at
    made.commitment = order.commitment(_seed(made))
    made.save()
    _record(events.COMMITTED, scope, made, commitment=made.commitment)
    return made


def close(*, scope: Scope, draw: Draw, tickets: Collection[str]) -> Draw:
    """The list stands. Raises `DrawError` `draw-order` when it stood already, `draw-list` for what is no list."""
    found = _locked(draw)
    if found.closed_at is not None:
        raise DrawError("draw-order", "the list stands already")
    listed = sorted(set(tickets))
    if len(listed) != len(tickets) or not all(order.TICKET.match(ticket) for ticket in listed):
        raise DrawError("draw-list", "a ticket is 32 hexadecimal digits, and stands once in the list")
    found.tickets = bytes.fromhex("".join(listed))
    found.entrants, found.digest, found.closed_at = len(listed), order.digest(listed), clock.now()
    found.save()
    _record(events.CLOSED, scope, found, entrants=found.entrants, digest=found.digest)
    return found


def draw_now(*, scope: Scope, draw: Draw, count: int, mixed_in: str = "") -> list[str]:
    """Draw `count` tickets, and tell the seed. mixed_in: the announced number, once it is known.

    Raises `DrawError` `draw-order` before the list stands, when it was drawn already, and where a number was announced
    and none is given, or the other way round; `draw-early` before the announced moment; `draw-late` where the list
    stands since that moment or later: whoever closed it could have known the number.
    """
    found = _locked(draw)
    if found.closed_at is None or found.drawn_at is not None or bool(found.announced) != bool(mixed_in.strip()):
        raise DrawError("draw-order", "first the commitment, then the list, then what was announced, then the draw")
    if late(found):
        raise DrawError("draw-late", "the list stood later than the announced moment: announce another")
    if found.announced_at is not None and clock.now() < found.announced_at:
        raise DrawError("draw-early", "what was announced is not known yet")
    seed = _seed(found)
    found.mixed_in = " ".join(mixed_in.split())[:120]
    found.drawn = order.drawn(seed=seed, tickets=tickets_of(found), count=count, mixed_in=found.mixed_in)
    found.seed, found.drawn_at = seed.hex(), clock.now()
    found.repeats = not verify(found)
    found.save()
    _record(events.DRAWN, scope, found, drawn=len(found.drawn), seed=found.seed)
    return list(found.drawn)


def late(draw: Draw) -> bool:
    """Whether the list stands, but not from before the moment of the announced number."""
    if not draw.announced or draw.closed_at is None:
        return False
    return draw.announced_at is None or draw.closed_at >= draw.announced_at


def announce_anew(*, scope: Scope, draw: Draw, announced: str, announced_at: datetime) -> Draw:
    """Announce another number, of a moment to come, for a list that stood too late for the first. Not otherwise: nobody
    chooses between numbers. Raises `DrawError` `draw-order`, `draw-announced`.
    """
    found = _locked(draw)
    if found.drawn_at is not None or not late(found):
        raise DrawError("draw-order", "what was announced stands")
    if not announced.strip() or announced_at <= clock.now():
        raise DrawError("draw-announced", "a number is announced with a moment to come")
    found.announced, found.announced_at = announced.strip()[:120], announced_at
    found.save()
    _record(events.ANNOUNCED, scope, found, at=announced_at)
    return found


def ticket_lines(draw: Draw) -> Iterator[str]:
    """The list as a file, a ticket a line, some thousand lines at a time."""
    told = bytes(draw.tickets or b"")
    for first in range(0, len(told), 16 * _AT_ONCE):
        part = told[first : first + 16 * _AT_ONCE].hex("\n", 16)
        yield f"{part}\n"


def tickets_of(draw: Draw) -> list[str]:
    """The list, sorted; empty until it stands."""
    told = bytes(draw.tickets or b"").hex()
    return [told[at : at + 32] for at in range(0, len(told), 32)]


def verify(draw: Draw) -> list[str]:
    """The same computed again from what is published (`order.faults`); also `count` where not as many are listed."""
    if draw.drawn_at is None:
        return []
    tickets = tickets_of(draw)
    found = order.faults(
        seed=bytes.fromhex(draw.seed),
        committed=draw.commitment,
        tickets=tickets,
        listed=draw.digest,
        said=list(draw.drawn),
        mixed_in=draw.mixed_in,
    )
    return found + (["count"] if len(tickets) != draw.entrants else [])


def _seed(draw: Draw) -> bytes:
    return hmac.digest(secret("draws"), bytes(draw.secret), "sha256")


def _locked(draw: Draw) -> Draw:
    return Draw.objects.select_for_update(of=("self",)).select_related("controller").get(pk=draw.pk)


def _record(kind: events.EventType, scope: Scope, draw: Draw, **details: object) -> None:
    append(type=kind, scope=scope, controller=draw.controller_id, details={"draw": draw.pk, **details})
