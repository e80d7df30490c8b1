"""Partners that are asked, and suppliers that are told (D1; docs/services.md). JSON over HTTP, by addresses the
installation names: `TILLIT_PARTNERS="fjordbank=https://TOKEN@host/path …"`, `TILLIT_SUPPLIERS` the same.
"""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tillit.disclosure.calling import Reply, call, is_here
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.services.errors import ServiceError

ASKING, SUPPLYING = "entitlement_check", "service_delivery"
TIMEOUT = 15.0


def asks(partner: str) -> bool:
    """Whether the installation says how the partner is asked."""
    return partner in _named(settings.PARTNERS)


def tells(supplier: str) -> bool:
    """Whether the installation says how the supplier is told by computer; else a colleague passes it on."""
    return supplier in _named(settings.SUPPLIERS)


def ask(*, partner: str, product: str, sent: Disclosed) -> bool:
    """Whether the partner says that its customer is entitled. Raises `ServiceError`: `outside-unnamed`,
    `outside-in-clear`, `outside-silent`, `outside-malformed` (no yes or no).
    """
    body = {"reference": str(sent.reference), "product": product, **sent.payload}
    reply = _call(ASKING, settings.PARTNERS, partner, "/entitlements/check", body, sent.reference)
    try:
        said = reply.json().get("entitled") if reply.status == 200 else None
    except (ValueError, AttributeError):
        said = None
    if not isinstance(said, bool):
        raise ServiceError("outside-malformed", "the answer was neither yes nor no")
    return said


def tell(*, supplier: str, product: str, sent: Disclosed) -> None:
    """Tell the supplier whom it serves. Raises as `ask`; under one reference it has it once."""
    body = {"reference": str(sent.reference), "product": product, **sent.payload}
    reply = _call(SUPPLYING, settings.SUPPLIERS, supplier, "/customers", body, sent.reference)
    if reply.status not in {200, 201, 202}:
        raise ServiceError("outside-malformed", f"the supplier answered {reply.status}")


def _named(setting: str) -> dict[str, str]:
    return dict(one.split("=", 1) for one in setting.split())


def _call(way: str, setting: str, key: str, path: str, body: dict[str, Any], once: UUID) -> Reply:
    address = _named(setting).get(key)
    if address is None:
        raise ServiceError("outside-unnamed", "the installation does not say how to reach them")
    at = urlsplit(address)
    if at.scheme != "https" and not is_here(at.hostname or ""):
        raise ServiceError("outside-in-clear", "it goes to another machine by https alone")
    heads = {"Idempotency-Key": str(once)}
    try:
        return call(way=way, address=address, method="POST", path=path, body=body, timeout=TIMEOUT, headers=heads)
    except UnreachableError:
        raise ServiceError("outside-silent", "they did not answer") from None
