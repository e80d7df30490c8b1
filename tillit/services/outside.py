"""Partners that are asked, and suppliers that are told (D1; docs/services.md). JSON over HTTP, by addresses the
installation names: `TILLIT_PARTNERS="fjordbank=https://TOKEN@host/path …"`, `TILLIT_SUPPLIERS` the same.
"""

import re
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
_SAYS_NO = frozenset({400, 409, 410, 422})
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""What a supplier may give as its reason: a code, never words in which somebody could stand."""


def asks(partner: str) -> bool:
    """Whether the installation says how the partner is asked."""
    return partner in _named(settings.PARTNERS)


def told_by_computer() -> list[str]:
    """The keys of the suppliers that the installation says how to tell."""
    return list(_named(settings.SUPPLIERS))


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


def tell(*, supplier: str, product: str, reference: UUID, sent: Disclosed) -> str:
    """Tell the supplier whom it serves: '' when it has it, else the code with which it says no. Raises as `ask` when
    that is not known. Under one reference it has it once.
    """
    body = {"reference": str(reference), "product": product, **sent.payload}
    reply = _call(SUPPLYING, settings.SUPPLIERS, supplier, "/customers", body, reference)
    if reply.status in {200, 201, 202}:
        return ""
    if reply.status not in _SAYS_NO:
        raise ServiceError("outside-malformed", f"the supplier answered {reply.status}")
    try:
        code = str(reply.json().get("code"))
    except (ValueError, AttributeError):
        code = ""
    return code if _CODE.fullmatch(code) else "refused"


def has(*, supplier: str, reference: UUID) -> bool:
    """Whether the supplier has what it was told under a reference. Nothing about anybody is sent. Raises as `ask`."""
    reply = _call(SUPPLYING, settings.SUPPLIERS, supplier, f"/customers/{reference}", None)
    if reply.status not in {200, 404}:
        raise ServiceError("outside-malformed", f"the supplier answered {reply.status}")
    return reply.status == 200


def over(*, supplier: str, reference: UUID) -> None:
    """Tell the supplier that what it has under a reference is over; again: nothing more. Raises as `ask`."""
    reply = _call(SUPPLYING, settings.SUPPLIERS, supplier, f"/customers/{reference}", None, method="DELETE")
    if reply.status not in {200, 202, 204, 404, 410}:
        raise ServiceError("outside-malformed", f"the supplier answered {reply.status}")


def _named(setting: str) -> dict[str, str]:
    return dict(one.split("=", 1) for one in setting.split())


def _call(
    way: str,
    setting: str,
    key: str,
    path: str,
    body: dict[str, Any] | None,
    once: UUID | None = None,
    method: str = "",
) -> Reply:
    """`body` to whom the installation names, or, without one, a question of what they have (or `method`)."""
    address = _named(setting).get(key)
    if address is None:
        raise ServiceError("outside-unnamed", "the installation does not say how to reach them")
    at = urlsplit(address)
    if at.scheme != "https" and not is_here(at.hostname or ""):
        raise ServiceError("outside-in-clear", "it goes to another machine by https alone")
    given: dict[str, Any] = {"method": method or ("GET" if body is None else "POST"), "path": path, "body": body}
    given["headers"] = {"Idempotency-Key": str(once)} if once else None
    try:
        return call(way=way, address=address, timeout=TIMEOUT, **given)
    except UnreachableError:
        raise ServiceError("outside-silent", "they did not answer") from None
