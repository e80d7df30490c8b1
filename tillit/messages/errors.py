"""Refusals of the messages layer."""

from tillit.kernel.errors import TillitError


class MessageRefusedError(TillitError):
    """The message is not put in: `no-template`, `no-channel`, `missing-value`, `marketing-as-service`, `no-address`."""


class TransportError(TillitError):
    """A transport did not take the message. `permanent`: trying again is of no use. `dead`: the address is in use by
    nobody. `answered`: the other side said that it did not take it; else it may have, where it was handed over.
    """

    def __init__(
        self, code: str, message: str, *, permanent: bool = False, dead: bool = False, answered: bool = False
    ) -> None:
        super().__init__(code, message)
        self.answered = answered or permanent or dead
        self.permanent = permanent or dead
        self.dead = dead
