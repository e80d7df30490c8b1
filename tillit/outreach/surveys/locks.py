"""Words that close an anonymous survey, known to whoever opened it and kept nowhere (F7).

An X25519 key is made of the words (scrypt, RFC 7914); only its public half is stored. Every answer is sealed to it as
it comes in: an ephemeral key, HKDF-SHA256, AES-256-GCM. So nothing of an answer can be read before the words are given
at the end, not with every secret of the installation and every copy of the database's files.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from os import urandom
from unicodedata import normalize

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.models import Question
from tillit.outreach.surveys.sheets import Sheet, longest

SHORTEST, LONGEST = 20, 200
_SALT, _PUBLIC, _TAG, _COST = 16, 32, 16, 2**15
_ONCE = bytes(12)  # a nonce: each key seals one thing


def made(words: str) -> bytes:
    """The lock (salt and public key, 48 bytes) that these words open. Raises `SurveyError` `phrase-short`."""
    if len(words) > LONGEST or len(_spoken(words)) < SHORTEST:
        raise SurveyError("phrase-short", f"at least {SHORTEST} characters")
    salt = urandom(_SALT)
    return salt + _key(words, salt).public_key().public_bytes_raw()


def size(questions: Sequence[Question]) -> int:
    """How many octets every sheet of these questions is padded to, whatever was chosen and written: as many as the
    longest has.
    """
    return len(_packed(longest(questions)))


def length(size: int) -> int:
    """How many characters a box of a sheet of a size is."""
    return -(-(_PUBLIC + size + _TAG) // 3) * 4


def sealed(lock: bytes | memoryview, sheet: Sheet, size: int) -> str:
    """A sheet that only the words open, of just that size."""
    public, fresh = bytes(lock)[_SALT:], X25519PrivateKey.generate()
    plain = _packed(sheet).ljust(size, b"\0")
    if len(plain) != size:
        raise ValueError("a sheet is no longer than the longest")
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
            found.append(_unpacked(AESGCM(_derived(shared, theirs + public)).decrypt(_ONCE, body[_PUBLIC:], None)))
        except InvalidTag:
            raise SurveyError("phrase", "an answer was not sealed for these words") from None
    return found


def _packed(sheet: Sheet) -> bytes:
    """What was chosen and how long each text is, as JSON on a line; then the texts, two octets for each unit that a
    form counts (UTF-16), so that how long it is depends on nothing else that is written.
    """
    texts = {name: said.encode("utf-16-le") for name, said in sheet.items() if isinstance(said, str)}
    chosen = {name: said for name, said in sheet.items() if name not in texts}
    head = json.dumps([chosen, {name: len(text) for name, text in texts.items()}], separators=(",", ":"))
    return b"".join([head.encode("ascii"), b"\n", *texts.values()])


def _unpacked(plain: bytes) -> Sheet:
    head, _, rest = plain.partition(b"\n")
    sheet, lengths = json.loads(head)
    at = 0
    for name, octets in lengths.items():
        sheet[name] = rest[at : at + octets].decode("utf-16-le")
        at += octets
    return dict(sheet)


def _spoken(words: str) -> str:
    """The words however they are typed: capitals, spaces, an å of one sign or of two."""
    return " ".join(normalize("NFKC", normalize("NFKC", words).casefold()).split())


def _key(words: str, salt: bytes) -> X25519PrivateKey:
    spoken = _spoken(words).encode()
    return X25519PrivateKey.from_private_bytes(Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(spoken))


def _derived(shared: bytes, bound: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tillit survey lock " + bound).derive(shared)
