"""The urn of an anonymous survey: what is put in is mixed with what lies there, and all of it sealed anew (F7).

An urn is one row. Each answer rewrites the whole of it under a fresh nonce, padded to steps of 16 KiB: the row as it
was, in a dead tuple or the log of the database, shares no byte with the row as it is, and no order, time or
number of a single answer is anywhere. A full urn is left, and another begun.
"""

import json
import os
from random import SystemRandom
from typing import TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillit.outreach.surveys import links
from tillit.outreach.surveys.models import Survey, Urn
from tillit.outreach.surveys.sheets import Sheet

FULL = 50
"""Answers of an urn."""
STEP = 16 * 1024
_NONCE = 12
T = TypeVar("T")
_random = SystemRandom()


def begin(survey: Survey) -> Urn:
    """An empty urn."""
    return Urn.objects.create(survey=survey, sealed=_sealed(survey, []))


def put_in(survey: Survey, sheet: Sheet) -> None:
    """Put a sheet in. The survey's row is locked: one at a time."""
    urn = Urn.objects.filter(survey=survey, held__lt=FULL).first() or begin(survey)
    sheets = [*_opened(survey, urn), sheet]
    Urn.objects.filter(pk=urn.pk).update(sealed=_sealed(survey, sheets), held=len(sheets))


def emptied(survey: Survey) -> list[Sheet]:
    """Everything that lies in the survey's urns, in random order; the urns are gone."""
    sheets = [sheet for urn in Urn.objects.filter(survey=survey) for sheet in _opened(survey, urn)]
    Urn.objects.filter(survey=survey).delete()
    return shuffled(sheets)


def shuffled(things: list[T]) -> list[T]:
    """The same in random order."""
    return _random.sample(things, len(things))


def _sealed(survey: Survey, sheets: list[Sheet]) -> bytes:
    plain = json.dumps(shuffled(sheets), ensure_ascii=False, separators=(",", ":")).encode()
    plain += b" " * (-len(plain) % STEP)
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(links.key(survey, "urn")).encrypt(nonce, plain, str(survey.pk).encode())


def _opened(survey: Survey, urn: Urn) -> list[Sheet]:
    body = bytes(urn.sealed)
    plain = AESGCM(links.key(survey, "urn")).decrypt(body[:_NONCE], body[_NONCE:], str(survey.pk).encode())
    found: list[Sheet] = json.loads(plain)
    return found
