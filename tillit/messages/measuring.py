"""Opens and clicks of a campaign, only of who has said yes to just that (F4).

Who has not gets the mail as it was written: no picture, no rewritten link. Who has gets links of ours that lead on, and
one picture; what they say is sealed in the link (`tokens`), so that nobody can make one that leads elsewhere. Asked
again as a link is followed: whoever has said no since is led on, and nothing is noted. No network address, browser or
device is kept.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape, unescape

from django.conf import settings

from tillit.consent.queries import may, may_each
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import tokens
from tillit.messages.models import Message, MessageUse
from tillit.messages.templates import Rendered
from tillit.parties.errors import RestrictedPersonError, UnknownSubjectError
from tillit.parties.operations import lock_subject

ACTIVITY = "message_measurement"
PATH = "m"
_USE = "measure"
_LONGEST = 300
_LINK = re.compile(r'(<a\b[^>]*?\bhref=")(https?://[^"]+)(")')


@dataclass(frozen=True)
class Followed:
    """What a link of ours says: whose message, and where it leads ('' for the picture)."""

    subject_id: int
    controller_id: int
    message_id: int
    target: str


def agreed(declaration: Declaration, controller_id: int, rows: Sequence[Message]) -> Collection[int]:
    """Those of the recipients who have said yes to being measured."""
    people = {row.subject_id for row in rows if row.channel == "email"}
    if not people or declaration.activity(ACTIVITY) is None:
        return frozenset()
    answers = may_each(controller_id=controller_id, activity=ACTIVITY, subject_ids=people)
    return {person for person, answer in answers.items() if answer}


def measured(rendered: Rendered, subject_id: int, controller_id: int, message_id: int, *, leave: str) -> Rendered:
    """The message with links of ours and the picture. The way out stays as it is, and so does the text part."""

    def through(found: re.Match[str]) -> str:
        target = unescape(found[2])
        if target == leave or len(target) > _LONGEST:
            return found[0]
        return f"{found[1]}{escape(_address(subject_id, controller_id, message_id, target))}{found[3]}"

    picture = escape(_address(subject_id, controller_id, message_id, ""))
    html = _LINK.sub(through, rendered.html)
    return replace(
        rendered, html=html.replace("</body>", f'<img src="{picture}" width="1" height="1" alt=""></body>', 1)
    )


def _address(subject_id: int, controller_id: int, message_id: int, target: str) -> str:
    return f"{settings.SITE_URL}/{PATH}/{tokens.make(_USE, subject_id, controller_id, message_id, target)}/"


def read(token: str) -> Followed | None:
    """What a link of ours says; None for one that is not ours."""
    match tokens.read(_USE, token):
        case [int(subject), int(controller), int(message), str(target)]:
            return Followed(subject, controller, message, target)
    return None


def note(*, link: Followed, at: datetime) -> bool:
    """Note that the message was opened, or its link followed, the first time of each; whether it was."""
    if current(controller_id=link.controller_id, on=clock.today()).activity(ACTIVITY) is None:
        return False
    if not may(controller_id=link.controller_id, activity=ACTIVITY, subject_id=link.subject_id):
        return False
    everyone = {link.controller_id, holder_of(controller_id=link.controller_id)}
    with Scope(system("measuring", everyone), ACTIVITY, frozenset({link.subject_id})) as scope:
        sent = Message.objects.filter(
            subject_id=link.subject_id, controller_id=link.controller_id, id=link.message_id
        ).first()
        if sent is None or sent.campaign_id is None:
            return False
        try:
            state = lock_subject(scope=scope, subject_id=link.subject_id)
        except (UnknownSubjectError, RestrictedPersonError):
            return False
        _, new = MessageUse.objects.get_or_create(
            subject_id=link.subject_id,
            controller_id=link.controller_id,
            message_id=link.message_id,
            target=link.target,
            defaults={"at": at, "campaign_id": sent.campaign_id, "state": state},
        )
    return new
