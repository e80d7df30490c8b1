"""The choice about cookies in one browser (G2): which purposes, and the proof that it was made so.

Nobody need be known to choose. The browser holds a random id and what was chosen; the row of that id says when, what
was asked and under which version. A new choice ends the one before.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import idna
from django.db import transaction

from tillit.consent.models import CookieChoice
from tillit.declaration.models import DeclarationVersion
from tillit.declaration.schema import Declaration
from tillit.declaration.site_parts import Cookie
from tillit.kernel.iso_period import IsoPeriod

_CATEGORY = "cookie_choice"


def optional_purposes(declaration: Declaration) -> list[str]:
    """The purposes of cookies that need a yes, in the order of the declared items."""
    waiting = dict.fromkeys(item.group for item in declaration.cookies.items if item.kind != "necessary")
    return [purpose for purpose in waiting if purpose in declaration.cookies.purposes]


def asked(declaration: Declaration) -> str:
    """What a reader is asked about: changes when an optional item, its purpose or its life does."""
    items = [item.model_dump_json() for item in declaration.cookies.items if item.kind != "necessary"]
    return hashlib.sha256("".join(sorted(items)).encode()).hexdigest()[:12]


def refused(declaration: Declaration, purposes: Collection[str]) -> list[Cookie]:
    """The optional items that stand under no purpose in `purposes`: they may not be set, and go where they are.

    An item whose name stands under another purpose too stays with that one.
    """
    items = declaration.cookies.items
    stay = {(item.name, item.storage) for item in items if item.kind == "necessary" or item.group in purposes}
    return [item for item in items if (item.name, item.storage) not in stay]


def origins(declaration: Declaration) -> frozenset[str]:
    """The origins (RFC 6454) of the controller's own sites: its web address and those declared beside it."""
    return frozenset(_origin(web) for web in [declaration.controller.web, *(one.web for one in declaration.sites)])


def _origin(web: str) -> str:
    parts = urlsplit(web if "://" in web else f"https://{web}")
    host = parts.hostname or ""
    name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    port = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port not in {None, port} else "")


@transaction.atomic
def choose(
    *,
    version: DeclarationVersion,
    declaration: Declaration,
    purposes: Collection[str],
    instead_of: UUID | None,
    at: datetime,
) -> CookieChoice:
    """Record a yes to `purposes`, a no to the other optional ones. Purposes that are not optional are left out.

    `instead_of`: the browser's choice until now, which ends.
    """
    offered = optional_purposes(declaration)
    if instead_of is not None:
        standing = CookieChoice.objects.filter(controller_id=version.controller_id, ended_at__isnull=True)
        standing.filter(pk=instead_of, chosen_at__lte=at).update(ended_at=at)
    return CookieChoice.objects.create(
        controller_id=version.controller_id,
        version=version.number,
        offered=offered,
        purposes=[purpose for purpose in offered if purpose in purposes],
        chosen_at=at,
        keep_until=_until(declaration, at),
    )


def _until(declaration: Declaration, at: datetime) -> datetime:
    """The end of the longest that the declaration keeps choices about cookies, at least as long as the choice lives."""
    rules = [rule.period for rule in declaration.retention if rule.category == _CATEGORY and rule.clock == "chosen"]
    return max(IsoPeriod.parse(period).add_to(at) for period in [*rules, declaration.cookies.choice_lives])
