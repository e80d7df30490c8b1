"""A mail server on this machine that takes everything, and does at each message what a test wants."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Sink:
    """What came in: recipient → how often; mails: the last three, as they came. at_recipient, at_message: called with
    how many there are by then."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.asked = 0
        self.mails: list[bytes] = []
        self.at_recipient: Callable[[int], None] = lambda _: None
        self.at_message: Callable[[int], None] = lambda _: None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        self.asked += 1
        self.at_recipient(self.asked)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken[envelope.rcpt_tos[0]] += 1
        self.mails = [*self.mails, envelope.original_content][-3:]
        self.at_message(self.taken.total())
        return "250 taken"


@contextmanager
def serving(sink: Any) -> Iterator[int]:
    """The server's port, as long as the `with` lasts; taken before it starts, so that nobody else is given it."""
    from aiosmtpd.controller import Controller

    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]

    class Server(Controller):
        def _create_server(self) -> Any:
            return self.loop.create_server(self._factory_invoker, sock=taken)

    server = Server(sink, hostname="127.0.0.1", port=port, ready_timeout=60)
    try:
        server.start()
        yield port
    finally:
        server.stop()
        taken.close()
