"""What a transport is handed, and what it must be able to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from tillit.messages.templates import Rendered, Sender


def _nothing() -> None:
    """Nobody asked to be told."""


@dataclass(frozen=True)
class Envelope:
    """What a transport needs. id: stable over every attempt, so that a repeated message can be known as one.

    reference: an opaque token by which a report names the message ('' where none is wanted); the recipient sees it.
    return_path: another, for the address that bounces come to; only whoever carries the message learns it. going: to be
    called when the message is about to leave, and not before. controller_id: whose key signs it, 0 for nobody's.
    """

    id: UUID
    to: str
    sender: Sender
    rendered: Rendered
    language: str
    headers: dict[str, str]
    reference: str = ""
    return_path: str = ""
    going: Callable[[], None] = _nothing
    controller_id: int = 0


class Transport(Protocol):
    """A way of sending one message."""

    def ready(self) -> bool:
        """Whether the installation has it at all."""
        ...

    def abroad(self) -> bool:
        """Whether what is sent leaves this machine's hands: then a declared processor carries it."""
        ...

    def send(self, envelope: Envelope) -> None:
        """Hand the message over. Raises `TransportError`; anything else counts as a failure that may pass."""
        ...
