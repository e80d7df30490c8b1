"""What a system is given instead of our numbers: opaque, its own, and of no use to another (A8).

AES-SIV over the numbers with the key's number and what they are as associated data: the same person has the same
reference with one key and another with the next, so two systems cannot put their people together; what was not given
out here is not taken.
"""

import base64
import binascii
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.faces.api.models import ApiClient
from tillit.platform.secrets import secret

MEMBER, REQUEST, PLACE = "member", "request", "place"


def given(client: ApiClient, what: str, *numbers: int) -> str:
    """The reference of the numbers for a client: base64url."""
    plain = struct.pack(f">{len(numbers)}q", *numbers)
    return base64.urlsafe_b64encode(_cipher().encrypt(plain, _bound(client, what))).decode().rstrip("=")


def taken(client: ApiClient, what: str, text: str) -> tuple[int, ...] | None:
    """The numbers of a reference that the client was given; None for any other text."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        plain = _cipher().decrypt(raw, _bound(client, what))
    except (InvalidTag, ValueError, binascii.Error):
        return None
    return struct.unpack(f">{len(plain) // 8}q", plain)


def _bound(client: ApiClient, what: str) -> list[bytes]:
    return [f"{what}:{client.pk}".encode()]


def _cipher() -> AESSIV:
    return AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=b"tillit references").derive(secret("api_keys")))
