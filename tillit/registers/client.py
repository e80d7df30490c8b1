"""Speaking with a register (docs/registers.md): JSON over HTTP, tried again with growing waits where that may help."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings

from tillit.disclosure.calling import call
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.registers.errors import RegisterError
from tillit.registers.protocol import BATCH, Event, Told, events, people
from tillit.registers.sources import Source

TIMEOUT = 20.0
WAITS = (0.5, 1.0, 2.0, 4.0)
LONGEST_WAIT = 30.0
"""Seconds a call waits when a register asks for it; beyond, the run ends and another takes it up."""
_LARGEST = 8 << 20
Read = TypeVar("Read")
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Register:
    """A register at an address: https://TOKEN@host/path. waits: seconds before each further try. numbered: it tells
    national numbers.
    """

    address: str = field(repr=False)
    waits: Sequence[float] = WAITS
    timeout: float = TIMEOUT
    numbered: bool = True

    def after(self, sequence: int) -> list[Event]:
        """The next page of events. Raises `RegisterError`."""
        return self._said("GET", f"/events?after={sequence}", None, partial(events, after=sequence))

    def about(self, asked: Sequence[Disclosed]) -> dict[UUID, Told]:
        """What it tells of those asked about, by reference. Takes what is on record as disclosed, and nothing else."""
        if len(asked) > BATCH:
            raise ValueError("more people than a register takes at once")
        body = {"people": [{"reference": str(one.reference), **one.payload} for one in asked]}
        return self._said(
            "POST", "/people", body, partial(people, asked=[o.reference for o in asked], numbered=self.numbered)
        )

    def _said(self, method: str, path: str, body: Any, read: Callable[[Any], Read]) -> Read:
        """What it answers, read; tried again when it does not, cannot yet, or what it says cannot be read."""
        for wait in (*self.waits, None):
            try:
                return read(self._call(method, path, body))
            except RegisterError as error:
                if error.code == "register-refused" or wait is None or error.after > LONGEST_WAIT:
                    raise
                time.sleep(max(wait, error.after))
        raise AssertionError

    def _call(self, method: str, path: str, body: Any) -> Any:
        given: dict[str, Any] = {"method": method, "path": path, "body": body}
        try:
            answer = call(way="registers", address=self.address, timeout=self.timeout, largest=_LARGEST, **given)
        except UnreachableError:
            raise RegisterError("register-unreachable", "the register did not answer") from None
        if answer.status == 200:
            try:
                return json.loads(answer.body)
            except (ValueError, RecursionError):
                raise RegisterError("register-garbled", "the register's answer cannot be read") from None
        if answer.status in _AGAIN:
            asked = answer.headers.get("Retry-After", "")
            after = float(asked) if asked.isdigit() else 0.0
            raise RegisterError("register-busy", f"the register answered {answer.status}", after=after)
        raise RegisterError("register-refused", f"the register answered {answer.status}")


def named(source: Source) -> Register:
    """The register that the installation names. Raises `RegisterError` `register-not-named`."""
    address = settings.REGISTERS.get(source.key, "")
    if not address:
        raise RegisterError("register-not-named", f"the installation names no {source.key}")
    return Register(address, numbered=source.sealed)
