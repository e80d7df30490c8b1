"""The choice about cookies in one browser (G2): which purposes, and the proof that it was made so.

Nobody need be known to choose. The browser holds a random id and what was chosen; the row of that id says when, what
was asked and under which version. A new choice ends the one before.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tillit.consent.models import CookieChoice
from tillit.declaration.models import DeclarationVersion
from tillit.declaration.schema import Declaration
from tillit.kernel.iso_period import IsoPeriod

_CATEGORY = "cookie_choice"


def optional_purposes(declaration: Declaration) -> list[str]:
    """The purposes of cookies that need a yes, in the order of the declared items."""
    waiting = dict.fromkeys(item.group for item in declaration.cookies.items if item.kind != "necessary")
    return [purpose for purpose in waiting if purpose in declaration.cookies.purposes]


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
