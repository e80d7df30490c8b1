"""The way out that every marketing message carries: a link of the person's own, and one click for mail programs (F2).

`List-Unsubscribe-Post` (RFC 8058): the mail program sends a POST without cookies or a page; a GET only shows a page.
The link holds an opaque token for person, controller, purpose and channel, and has no end.
"""

from dataclasses import dataclass

from django.conf import settings

from tillit.messages import tokens

_USE = "unsubscribe"
PATH = "u"
"""The first part of the page's address."""


@dataclass(frozen=True)
class Leaving:
    """What a link ends: messages of one purpose over one channel to one person."""

    subject_id: int
    controller_id: int
    activity: str
    channel: str


def address(subject_id: int, controller_id: int, activity: str, channel: str) -> str:
    """The link."""
    return f"{settings.SITE_URL}/{PATH}/{tokens.make(_USE, subject_id, controller_id, activity, channel)}/"


def headers(address: str) -> dict[str, str]:
    """The headings that mail programs make their own button of."""
    return {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def read(token: str) -> Leaving | None:
    """What a token names; None for one that is not ours."""
    match tokens.read(_USE, token):
        case [int(subject), int(controller), str(activity), str(channel)]:
            return Leaving(subject, controller, activity, channel)
    return None
