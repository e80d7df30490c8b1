"""The insurer and the broker: told of a claim and of what was decided (D7; docs/services.md).

JSON over HTTP. The installation says how each is reached, by the recipient's key in the declaration:
`TILLIT_INSURERS="insurer=https://TOKEN@host/path insurance_broker=…"`. One told twice under a reference has it once.
Files leave as CMS enveloped data (RFC 5652) for the certificate that `TILLIT_INSURER_CERTIFICATES` names.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from cryptography.x509 import load_pem_x509_certificate
from django.conf import settings

from tillit.disclosure.calling import call, is_here
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.services.errors import InsurerError

WAY = "insurance_claims"
TIMEOUT = 15.0


def reachable(recipient: str) -> bool:
    """Whether the installation says how to reach them by computer."""
    return recipient in _named()


def tell(*, recipient: str, reference: UUID, about: str, sent: Disclosed) -> None:
    """Tell them. Raises `InsurerError` when it is not known that they have it."""
    body = {"reference": str(reference), "about": about, "disclosure": str(sent.reference), **sent.payload}
    status = _call(recipient, "POST", "/claims", body, once=str(reference))
    if status not in {200, 201, 202}:
        raise InsurerError("insurer-refused", f"the insurer answered {status}")


def has(*, recipient: str, reference: UUID) -> bool:
    """Whether they have what was told under a reference. Nothing about the person is sent."""
    status = _call(recipient, "GET", f"/claims/{reference}", None)
    if status not in {200, 404}:
        raise InsurerError("insurer-refused", f"the insurer answered {status}")
    return status == 200


def seals_for(recipient: str) -> bool:
    """Whether the installation has the certificate for which files to them are sealed."""
    return recipient in _certificates()


def sealed_for(*, recipient: str, body: bytes) -> bytes:
    """`body` as CMS enveloped data, which who holds the certificate's key alone opens. Raises `InsurerError`
    `insurer-certificate`.
    """
    try:
        certificate = load_pem_x509_certificate(Path(_certificates()[recipient]).read_bytes())
        made = PKCS7EnvelopeBuilder().set_data(body).add_recipient(certificate)
        return made.set_content_encryption_algorithm(AES256).encrypt(Encoding.DER, [PKCS7Options.Binary])
    except (KeyError, OSError, ValueError, TypeError):
        raise InsurerError("insurer-certificate", "files for them cannot be sealed") from None


def _certificates() -> dict[str, str]:
    return dict(one.split("=", 1) for one in settings.INSURER_CERTIFICATES.split())


def _named() -> dict[str, str]:
    return dict(one.split("=", 1) for one in settings.INSURERS.split())


def _call(recipient: str, verb: str, path: str, body: dict[str, Any] | None, once: str = "") -> int:
    address = _named().get(recipient)
    if address is None:
        raise InsurerError("insurer-unnamed", "the installation does not say how to reach them (TILLIT_INSURERS)")
    at = urlsplit(address)
    if at.scheme != "https" and not is_here(at.hostname or ""):
        raise InsurerError("insurer-in-clear", "claims go to another machine by https alone")
    heads = {"Idempotency-Key": once} if once else None
    try:
        reply = call(way=WAY, address=address, method=verb, path=path, body=body, timeout=TIMEOUT, headers=heads)
    except UnreachableError:
        raise InsurerError("insurer-unreachable", "the insurer did not answer") from None
    return reply.status
