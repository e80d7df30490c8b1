"""What a first visit to a page transfers: the page, its style sheets and scripts, compressed as the server sends them.

Pictures are left out, as the aim says: at most 100 kB a page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

HEAVIEST = 100_000
"""Bytes that no page goes above (first load, without pictures)."""
_SHEETS = {"stylesheet", "manifest", "preload", "modulepreload"}


@dataclass(frozen=True)
class Fetched:
    """An answer as it came: status, bytes transferred of its body, and the body in clear."""

    status: int
    transferred: int
    text: str


Fetch = Callable[[str], Fetched]


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the browser will fetch besides."""
        given = dict(attrs)
        kinds = set((given.get("rel") or "").split())
        if tag == "link" and kinds & _SHEETS and given.get("href"):
            self.addresses.append(str(given["href"]))
        if tag == "script" and given.get("src"):
            self.addresses.append(str(given["src"]))


def parts(page: str) -> list[str]:
    """Addresses of style sheets, scripts and manifest that a page names, each once."""
    found = _Parts()
    found.feed(page)
    return list(dict.fromkeys(found.addresses))


def weight(path: str, fetch: Fetch) -> int:
    """Bytes that a first visit to `path` transfers. Raises `ValueError` when a part of it cannot be fetched."""
    page = fetch(path)
    total = page.transferred
    for one in parts(page.text):
        part = fetch(one)
        if part.status != 200:
            raise ValueError(f"{one} of {path} was answered with {part.status}")
        total += part.transferred
    return total
