"""Passwords, where the controller's declaration has them (B6): rules, keeping, trying. Argon2id; nothing is logged.

The rules are those of NIST SP 800-63B: length above all, no classes of characters, no expiry; refused is what is on a
list of common passwords, what repeats itself, and what the person's own data would give away. Cost: RFC 9106, with
19 MiB and two passes (OWASP), so that thirty at once do not fill a small machine.
"""

import secrets
import unicodedata
from collections.abc import Collection
from functools import cache
from itertools import pairwise
from typing import cast

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.db import transaction

from tillit.kernel import clock
from tillit.parties.credential_models import Password
from tillit.parties.errors import PasswordRefusedError
from tillit.parties.models import Login

LONGEST = 128
_MEMORY_KIB, _PASSES, _LANES, _BYTES = 19456, 2, 1, 32
_FEWEST_SIGNS = 5
_SHORTEST_WORD = 4


def faults(*, password: str, at_least: int, known: Collection[str] = ()) -> tuple[str, ...]:
    """Codes of the rules that a password breaks: `short`, `long`, `common`, `repeated`, `own`; empty when it will do.

    `known`: what others may know of the person and the place (names, addresses, numbers, dates).
    """
    text = _normal(password)
    found = []
    if len(text) < at_least:
        found.append("short")
    if len(text) > LONGEST:
        found.append("long")
    plain = text.casefold()
    core = plain.strip("0123456789!?.,-_ ")
    if len(set(plain)) < _FEWEST_SIGNS or _repeats(plain):
        found.append("repeated")
    elif {plain, plain.replace(" ", ""), core} & _common() or _sequence(plain):
        found.append("common")
    if any(word in plain for word in _words(known)):
        found.append("own")
    return tuple(found)


@transaction.atomic
def keep(*, login: Login, password: str, at_least: int, known: Collection[str] = ()) -> None:
    """Keep the login's password, in place of any other. Raises `PasswordRefusedError` with the broken rules."""
    if broken := faults(password=password, at_least=at_least, known=known):
        raise PasswordRefusedError(broken)
    now = clock.now()
    Password.objects.update_or_create(
        login=login, defaults={"encoded": _encoded(password), "made_at": now, "last_used": now}
    )


def is_right(*, login_id: int | None, password: str) -> bool:
    """Whether it is the login's password. The work is the same when there is no such login, or it has none."""
    row = Password.objects.filter(login_id=login_id or 0).first()
    try:
        Argon2id.verify_phc_encoded(_material(password), row.encoded if row else _nobodys())
    except InvalidKey:
        return False
    return row is not None


def used(*, login_id: int) -> None:
    """The login's password has just let somebody in."""
    Password.objects.filter(login_id=login_id).update(last_used=clock.now())


def of(*, login_id: int) -> Password | None:
    """The login's password, when it has one: for the day it was chosen."""
    return Password.objects.filter(login_id=login_id).first()


def forget(*, login_id: int) -> bool:
    """The login has no password any more; whether it had one."""
    return bool(Password.objects.filter(login_id=login_id).delete()[0])


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _material(password: str) -> bytes:
    return _normal(password)[: LONGEST + 1].encode()


def _encoded(password: str) -> str:
    made = Argon2id(
        salt=secrets.token_bytes(16), length=_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB
    )
    return made.derive_phc_encoded(_material(password))


@cache
def _nobodys() -> str:
    return _encoded(secrets.token_urlsafe())


@cache
def _common() -> frozenset[str]:
    return frozenset(cast("Collection[str]", CommonPasswordValidator().passwords))


def _sequence(plain: str) -> bool:
    """Whether it only counts on, up or down: `123456789012`, `abcdefghijkl`."""
    steps = {ord(b) - ord(a) for a, b in pairwise(plain)} if not plain.isdecimal() else _counted(plain)
    return len(steps) == 1 and len(plain) > 1 and steps <= {0, 1, 9, -1}


def _counted(plain: str) -> set[int]:
    return {(int(b) - int(a)) % 10 for a, b in pairwise(plain)}


def _repeats(plain: str) -> bool:
    """Whether it is one shorter text again and again: `passord1passord1`."""
    return bool(plain) and plain in (plain + plain)[1:-1]


def _words(known: Collection[str]) -> set[str]:
    found: set[str] = set()
    for text in known:
        plain = _normal(text).casefold()
        found |= {plain.replace("+47", "").replace(" ", ""), *plain.replace("@", " ").replace(".", " ").split()}
        parts = plain.split("-")
        if len(parts) == 3:  # a date, which is written in many ways
            year, month, day = parts
            found |= {day + month + year, day + month + year[2:], year + month + day}
    return {word for word in found if len(word) >= _SHORTEST_WORD}
