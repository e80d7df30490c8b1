"""An SMS that came in, what is answered, and who answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tillit.declaration.models import Controller


@dataclass(frozen=True)
class Inbound:
    """An SMS to a controller's number. key: the gateway's own id of it; sender: E.164; language: the controller's.

    word, rest: its first word in capitals, and what follows. subject_id: whose number it is in the controller's
    register, None for nobody's.
    """

    controller: Controller
    key: str
    sender: str
    text: str
    at: datetime
    language: str = "nb"
    subject_id: int | None = None

    @property
    def word(self) -> str:
        """The first word, in capitals, without what stands around it."""
        return (self.text.split() or [""])[0].strip(".,!?:;\"'").upper()

    @property
    def rest(self) -> str:
        """What follows the first word."""
        return " ".join(self.text.split()[1:])


@dataclass(frozen=True)
class Answer:
    """What goes back. tariff: what the sender pays for it beyond an ordinary SMS, in øre; '' as text: nothing goes."""

    text: str
    tariff: int = 0


Handler = Callable[[Inbound], Answer]
"""Acts on an SMS outside every scope; it opens its own."""
