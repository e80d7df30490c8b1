"""Buttons to share a page: plain links, nobody's code, nothing fetched, and it says that they lead away (G5).

The address that is shared is the page's own, without what follows a question mark, so nothing about the reader goes
along; the links send no referrer.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True)
class Share:
    """A place to share at. key: its wording; outside: whether it is somebody else's site."""

    key: str
    address: str
    outside: bool


def shares(request: HttpRequest, *, title: str, path: str = "") -> list[Share]:
    """Where this page (or another one of ours) may be shared."""
    page = f"{settings.SITE_URL}{path or request.path}"
    return [
        Share("mail", f"mailto:?subject={quote(title)}&body={quote(page)}", outside=False),
        Share("facebook", f"https://www.facebook.com/sharer/sharer.php?{urlencode({'u': page})}", outside=True),
        Share("linkedin", f"https://www.linkedin.com/sharing/share-offsite/?{urlencode({'url': page})}", outside=True),
        Share("x", f"https://x.com/intent/post?{urlencode({'url': page, 'text': title})}", outside=True),
        Share("bluesky", f"https://bsky.app/intent/compose?{urlencode({'text': f'{title} {page}'})}", outside=True),
    ]
