"""The links that people answer by, made when a message leaves or is read, and kept nowhere (F7).

Not anonymous: a sealed token that names person and survey. Anonymous: a keyed number, of which the database holds the
digest until it is used; the key is made of the survey's secret and of one outside the database, so neither the database
nor a dump of it says whose a link is, and once the survey is closed nothing does.
"""

import hmac
from base64 import b32encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings

from tillit.messages import tokens
from tillit.messages.templates import made_when_it_leaves
from tillit.outreach.surveys.models import Survey
from tillit.platform.secrets import secret

_USE = "survey"


def address(survey: Survey, subject_id: int) -> str:
    """The address at which the person answers; the controller's front page once it is closed."""
    home = f"{settings.SITE_URL}/{survey.controller.key}/"
    if survey.secret is None:
        return home
    token = ballot(survey, subject_id) if survey.anonymous else tokens.make(_USE, subject_id, survey.pk)
    return f"{home}surveys/{survey.pk}/{token}/"


def ballot(survey: Survey, subject_id: int) -> str:
    """The person's own number in an anonymous survey: 26 letters and digits."""
    made = hmac.digest(key(survey, "ballot"), str(subject_id).encode(), "sha256")[:16]
    return b32encode(made).decode().rstrip("=").lower()


def ticket(survey: Survey, subject_id: int) -> str:
    """The person's ticket in the survey's draw: 32 hexadecimal digits."""
    return hmac.digest(key(survey, "ticket"), str(subject_id).encode(), "sha256")[:16].hex()


def digest(token: str) -> UUID:
    """What the database holds of a number."""
    return UUID(bytes=sha256(token.encode()).digest()[:16])


def person(survey: Survey, token: str) -> int | None:
    """Whose link it is, of a survey that is not anonymous."""
    match tokens.read(_USE, token):
        case [int(subject), int(number)] if number == survey.pk:
            return subject
    return None


def key(survey: Survey, use: str) -> bytes:
    """A key of 32 bytes for one use of a survey that is open."""
    if survey.secret is None:
        raise ValueError("a survey that is not open has no key")
    return hmac.digest(secret("surveys"), use.encode() + b":" + bytes(survey.secret), "sha256")


def _made(subject_id: int, content: Mapping[str, Any]) -> str:
    survey = Survey.objects.select_related("controller").filter(pk=int(content["survey"])).first()
    return address(survey, subject_id) if survey is not None else settings.SITE_URL


made_when_it_leaves("survey_link", _made)
