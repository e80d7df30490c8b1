"""Speaking with an advertising network (docs/audiences.md): JSON over HTTP, hashes only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote

from django.conf import settings

from tillit.disclosure.calling import call
from tillit.disclosure.errors import UnreachableError
from tillit.outreach.audiences.errors import AudienceError, NetworkError

TIMEOUT = 20.0
AT_ONCE = 5000
Hashed = tuple[str, str]
"""SHA-256 of e-mail address and of phone number, '' for one that is not known."""


@dataclass(frozen=True)
class Network:
    """A network at an address: https://TOKEN@host/path."""

    address: str = field(repr=False)
    timeout: float = TIMEOUT

    def make(self, *, name: str, advertiser: str, at_most_every: str) -> str:
        """A new audience, limited to the advertiser's own advertisements and to one each `at_most_every`; its name."""
        said = self._call(
            "POST",
            "/audiences",
            {"name": name, "advertiser": advertiser, "frequency_cap": {"impressions": 1, "every": at_most_every}},
        )
        if not isinstance(said.get("id"), str) or not said["id"]:
            raise NetworkError("network-garbled", "the network's answer cannot be read")
        return str(said["id"])

    def change(self, outside: str, *, add: Iterable[Hashed] = (), remove: Iterable[Hashed] = ()) -> int:
        """Add and remove; how many it holds then. Again: nothing more."""
        held = -1
        for verb, people in (("remove", remove), ("add", add)):
            left = iter(people)
            while part := list(islice(left, AT_ONCE)):
                held = self._held("POST", outside, {verb: _said(part)})
        return held if held >= 0 else self._held("GET", outside, None)

    def replace(self, outside: str, *, people: Sequence[Hashed]) -> int:
        """These and no others; how many it holds then."""
        held = self._held("PUT", outside, {"add": _said(people[:AT_ONCE])})
        return self.change(outside, add=people[AT_ONCE:]) if len(people) > AT_ONCE else held

    def end(self, outside: str) -> None:
        """The audience is no more, and nobody is in it."""
        self._call("DELETE", f"/audiences/{quote(outside, safe='')}", None)

    def _held(self, method: str, outside: str, body: Any) -> int:
        held = self._call(method, f"/audiences/{quote(outside, safe='')}/members", body).get("held")
        if not isinstance(held, int) or isinstance(held, bool) or held < 0:
            raise NetworkError("network-garbled", "the network's answer cannot be read")
        return held

    def _call(self, method: str, path: str, body: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"method": method, "path": path, "body": body}
        try:
            answer = call(way="audiences", address=self.address, timeout=self.timeout, largest=1 << 20, **given)
        except UnreachableError:
            raise NetworkError("network-unreachable", "the network did not answer") from None
        if answer.status in {408, 425, 429} or answer.status >= 500:
            raise NetworkError("network-busy", f"the network answered {answer.status}")
        if answer.status >= 300:
            raise NetworkError("network-refused", f"the network answered {answer.status}")
        try:
            said = answer.json()
        except ValueError:
            raise NetworkError("network-garbled", "the network's answer cannot be read") from None
        return said if isinstance(said, dict) else {}


def named(network: str) -> Network:
    """The network at the address the installation names. Raises `AudienceError` `no-address`."""
    address = settings.AUDIENCES.get(network, "")
    if not address:
        raise AudienceError("no-address", f"the installation names no address of {network}")
    return Network(address)


def _said(people: Iterable[Hashed]) -> list[dict[str, str]]:
    return [{key: value for key, value in (("email", e), ("phone", p)) if value} for e, p in people]
