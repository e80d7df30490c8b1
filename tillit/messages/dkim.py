"""DKIM signatures of what leaves by mail (RFC 6376, RSA-SHA256 of RFC 8301), one key a controller, sealed.

The domain is that of the installation's sending address, so that the signature is aligned with `From`. Header and body
are canonicalised `relaxed`. `From` is named once more than it stands, so that no second one can be added.
"""

import base64
import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings
from django.db import transaction

from tillit.declaration.models import Controller
from tillit.declaration.queries import once
from tillit.kernel import clock
from tillit.messages.errors import TransportError
from tillit.messages.models import DkimKey
from tillit.platform import key_encryption

_BITS, _STRING = 2048, 255
SIGNED = (
    "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type",
    "content-transfer-encoding", "content-language", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
"""Headings that are signed where they stand; RFC 8058 asks it of the last two."""


@dataclass(frozen=True)
class Signer:
    """A key that is in use."""

    domain: str
    selector: str
    key: rsa.RSAPrivateKey = field(repr=False)


def domain() -> str:
    """The domain of the installation's sending address."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2].lower()


@transaction.atomic
def make(*, controller: Controller) -> DkimKey:
    """A new key of the controller's, which signs from now on; the one before signs no more (its record may stand in DNS
    until what it signed has arrived).
    """
    now = clock.now()
    Controller.objects.select_for_update(no_key=True).get(pk=controller.pk)
    mine = DkimKey.objects.filter(controller=controller)
    selector = selector_of(controller, mine.count() + 1)
    made = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    private = made.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    mine.filter(retired_at__isnull=True).update(retired_at=now)
    sealed = key_encryption.wrap(private, _place(controller.pk, selector))
    return DkimKey.objects.create(
        controller=controller,
        domain=domain(),
        selector=selector,
        public=base64.b64encode(public).decode(),
        sealed=sealed,
        made_at=now,
    )


def selector_of(controller: Controller, number: int) -> str:
    """The name of the controller's key of a number: a label of DNS, which holds no `_` (RFC 6376 3.1)."""
    return f"{controller.key.replace('_', '-')[:50]}-{number}"


def record(key: DkimKey) -> tuple[str, str]:
    """(name, text) of the TXT record that whoever receives mail looks up."""
    return f"{key.selector}._domainkey.{key.domain}", f"v=DKIM1; k=rsa; p={key.public}"


def zone_line(key: DkimKey) -> str:
    """The record as it stands in a zone file: its text in strings of at most 255 octets (RFC 1035 3.3, RFC 6376
    3.6.2.2), which whoever reads it puts together.
    """
    name, text = record(key)
    parts = " ".join(f'"{text[start : start + _STRING]}"' for start in range(0, len(text), _STRING))
    return f"{name}. IN TXT ( {parts} )"


def signer(controller_id: int) -> Signer | None:
    """The controller's key in use; None where it has none. Raises `TransportError` `dkim-key` for one that cannot be
    opened: then nothing leaves unsigned.
    """
    return once(lambda: _signer(controller_id), "dkim", controller_id)


def _signer(controller_id: int) -> Signer | None:
    row = DkimKey.objects.filter(controller_id=controller_id, retired_at__isnull=True, domain=domain()).first()
    if row is None:
        return None
    try:
        private = key_encryption.unwrap(bytes(row.sealed), _place(controller_id, row.selector))
    except InvalidTag:
        raise TransportError("dkim-key", "the key that signs mail cannot be opened") from None
    key = serialization.load_der_private_key(private, None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 (as it was made)
    return Signer(row.domain, row.selector, key)


def rewrap() -> int:
    """Wrap every key that signs, or did, with the present key-encryption key; how many. Raises `InvalidTag`."""
    rows = list(DkimKey.objects.order_by("pk"))
    for row in rows:
        place = _place(row.controller_id, row.selector)
        row.sealed = key_encryption.wrap(key_encryption.unwrap(bytes(row.sealed), place), place)
        row.save(update_fields=["sealed"])
    return len(rows)


def signed(mail: bytes, by: Signer) -> bytes:
    """The mail (CRLF) with its signature before it."""
    head, _, body = mail.partition(b"\r\n\r\n")
    headings = _headings(head)
    named = [name for name in SIGNED if name in headings]
    listed = [*named, "from"]
    value = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={by.domain}; s={by.selector}; t={int(clock.now().timestamp())}; "
        f"h={':'.join(listed)}; bh={base64.b64encode(sha256(relaxed_body(body)).digest()).decode()}; b="
    )
    lines = [relaxed(name, headings[name][-1]) for name in named]
    lines.append(relaxed("dkim-signature", value.encode()))
    signature = by.key.sign(b"\r\n".join(lines), padding.PKCS1v15(), hashes.SHA256())
    return f"DKIM-Signature: {value}".encode() + base64.b64encode(signature) + b"\r\n" + mail


def relaxed(name: str, value: bytes) -> bytes:
    """A heading in relaxed form (RFC 6376 3.4.2)."""
    return name.encode() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()


def relaxed_body(body: bytes) -> bytes:
    """The body in relaxed form (RFC 6376 3.4.4)."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join(lines) + b"\r\n" if lines else b""


def _headings(head: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        found.setdefault(name.decode("ascii", "replace").strip().lower(), []).append(value)
    return found


def _place(controller_id: int, selector: str) -> bytes:
    return f"dkim:{controller_id}:{selector}".encode()
