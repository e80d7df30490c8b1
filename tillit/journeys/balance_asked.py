"""A partner's system asks for a member's balance in its chain (C10): on a declared ground, and on record."""

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.bonus.queries import ChainBalance, overview
from tillit.consent.queries import may
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import lookup
from tillit.purchases.models import Chain

CATEGORY = "bonus"


class BalanceRefusedError(TillitError):
    """The balance is not told: `ground-undeclared` or `member-unknown`."""


def balance_asked(*, client: int, chain: Chain, bonus_id: str, ground: str) -> ChainBalance | None:
    """What the member has in the chain, None where there never was anything. The look-up is on record for the member.

    `ground`: the declared activity it is asked for. Raises `BalanceRefusedError`; whoever may not be shown is unknown.
    """
    declared = current(controller_id=chain.controller_id, on=clock.today()).activity(ground)
    if declared is None or not {CATEGORY, "*"} & set(declared.uses):
        raise BalanceRefusedError("ground-undeclared", "the controller declares no such use of bonus")
    subject = lookup.by_number(register_id=chain.controller.register_id, text=bonus_id)
    actor = Actor("partner", str(client), frozenset({chain.controller_id}), frozenset({ground}))
    if subject is None:
        raise BalanceRefusedError("member-unknown", "there is no such BonusID")
    with Scope(system("balance", {chain.controller_id}), "consent_management", frozenset({subject})):
        allowed = may(controller_id=chain.controller_id, activity=ground, subject_id=subject).allowed
    if not allowed:
        raise BalanceRefusedError("member-unknown", "the balance may not be shown")
    with Scope(actor, ground, frozenset({subject})) as scope:
        found = [one for one in overview(subject_id=subject, on=clock.today()) if one.chain_id == chain.pk]
        append(
            type=PERSON_READ,
            scope=scope,
            controller=chain.controller_id,
            subject=subject,
            details={"purpose": ground, "categories": [CATEGORY]},
        )
    return found[0] if found else None
