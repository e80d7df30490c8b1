"""Words that close an anonymous survey, known to whoever opened it and kept nowhere (F7).

An X25519 key is made of the words (scrypt, RFC 7914); only its public half is stored. Every answer is sealed to it as
it comes in: an ephemeral key, HKDF-SHA256, AES-256-GCM. So nothing of an answer can be read before the words are given
at the end, not with every secret of the installation and every copy of the database's files.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.sheets import Sheet

SHORTEST, LONGEST = 20, 200
_SALT, _PUBLIC, _TAG, _COST = 16, 32, 16, 2**15
_CHOICES, _TEXT = 1024, 2304
"""Octets for what is chosen, and for each text of 2 000 characters."""
_ONCE = bytes(12)  # a nonce: each key seals one thing


def made(words: str) -> bytes:
    """The lock (salt and public key, 48 bytes) that these words open. Raises `SurveyError` `phrase-short`."""
    if not SHORTEST <= len(words) <= LONGEST:
        raise SurveyError("phrase-short", f"at least {SHORTEST} characters")
    salt = urandom(_SALT)
    return salt + _key(words, salt).public_key().public_bytes_raw()


def size(texts: int) -> int:
    """How many octets a sheet of so many questions of text is padded to: all of a survey alike, whatever was written
    (but for texts of many characters outside the Latin alphabet, which take twice that, or more).
    """
    return _CHOICES + _TEXT * texts


def length(size: int) -> int:
    """How many characters a box of a sheet of a size is."""
    return -(-(_PUBLIC + size + _TAG) // 3) * 4


def sealed(lock: bytes | memoryview, sheet: Sheet, size: int) -> str:
    """A sheet that only the words open, padded to steps of `size`."""
    public, fresh = bytes(lock)[_SALT:], X25519PrivateKey.generate()
    plain = json.dumps(sheet, ensure_ascii=False, separators=(",", ":")).encode()
    plain += b" " * (-len(plain) % size)
    mine = fresh.public_key().public_bytes_raw()
    shared = fresh.exchange(X25519PublicKey.from_public_bytes(public))
    return b64encode(mine + AESGCM(_derived(shared, mine + public)).encrypt(_ONCE, plain, None)).decode()


def opened(lock: bytes | memoryview, words: str, boxes: Iterable[str]) -> list[Sheet]:
    """The sheets. Raises `SurveyError` `phrase` for other words."""
    salt, public = bytes(lock)[:_SALT], bytes(lock)[_SALT:]
    if len(words) > LONGEST:
        raise SurveyError("phrase", "those are not the words")
    private = _key(words, salt)
    if private.public_key().public_bytes_raw() != public:
        raise SurveyError("phrase", "those are not the words")
    found: list[Sheet] = []
    for box in boxes:
        body = b64decode(box)
        theirs = body[:_PUBLIC]
        shared = private.exchange(X25519PublicKey.from_public_bytes(theirs))
        try:
            found.append(json.loads(AESGCM(_derived(shared, theirs + public)).decrypt(_ONCE, body[_PUBLIC:], None)))
        except InvalidTag:
            raise SurveyError("phrase", "an answer was not sealed for these words") from None
    return found


def _key(words: str, salt: bytes) -> X25519PrivateKey:
    spoken = " ".join(words.split()).casefold().encode()
    return X25519PrivateKey.from_private_bytes(Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(spoken))


def _derived(shared: bytes, bound: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tillit survey lock " + bound).derive(shared)
