"""The urn of an anonymous survey: what is put in is mixed with what lies there, and all of it sealed anew (F7).

What is put in is sealed to words that nobody here keeps (`locks`). An urn is one row. Each answer rewrites the whole
of it under a fresh nonce, as long as a full one: the row as it was, in a dead tuple or the log of the database, shares
no byte with the row as it is, and no order, time or number of a single answer is anywhere. A full urn is left,
and another begun.
"""

import json
import os
from random import SystemRandom
from typing import TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillit.outreach.surveys import links, locks
from tillit.outreach.surveys.models import Survey, Urn
from tillit.outreach.surveys.sheets import Sheet

FULL = 25
"""Answers of an urn."""
STEP = 16 * 1024
_NONCE = 12
T = TypeVar("T")
_random = SystemRandom()


def begin(survey: Survey) -> Urn:
    """An empty urn."""
    return Urn.objects.create(survey=survey, sealed=_sealed(survey, [], _size(survey)))


def put_in(survey: Survey, sheet: Sheet) -> None:
    """Put a sheet in. The survey's row is locked: one at a time."""
    urn = Urn.objects.filter(survey=survey, held__lt=FULL).first() or begin(survey)
    assert survey.lock is not None  # noqa: S101 (a constraint of the table)
    size = _size(survey)
    boxes = [*_opened(survey, urn), locks.sealed(survey.lock, sheet, size)]
    Urn.objects.filter(pk=urn.pk).update(sealed=_sealed(survey, boxes, size), held=len(boxes))


def emptied(survey: Survey, words: str) -> list[Sheet]:
    """Everything that lies in the survey's urns, in random order; the urns are gone. Raises `SurveyError` `phrase`."""
    boxes = [box for urn in Urn.objects.filter(survey=survey) for box in _opened(survey, urn)]
    assert survey.lock is not None  # noqa: S101 (a constraint of the table)
    sheets = locks.opened(survey.lock, words, boxes)
    destroy(survey)
    return shuffled(sheets)


def destroy(survey: Survey) -> None:
    """The urns are gone, and nobody has read them."""
    Urn.objects.filter(survey=survey).delete()


def shuffled(things: list[T]) -> list[T]:
    """The same in random order."""
    return _random.sample(things, len(things))


def _size(survey: Survey) -> int:
    return locks.size(list(survey.questions.order_by("position")))


def _sealed(survey: Survey, boxes: list[str], size: int) -> bytes:
    plain = json.dumps(shuffled(boxes), separators=(",", ":")).encode()
    room = -(-FULL * (locks.length(size) + 3) // STEP) * STEP  # as long as a full one from the beginning
    plain += b" " * (-len(plain) % room)
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(links.key(survey, "urn")).encrypt(nonce, plain, str(survey.pk).encode())


def _opened(survey: Survey, urn: Urn) -> list[str]:
    body = bytes(urn.sealed)
    plain = AESGCM(links.key(survey, "urn")).decrypt(body[:_NONCE], body[_NONCE:], str(survey.pk).encode())
    found: list[str] = json.loads(plain)
    return found
