"""Leaving (C13): earning stops, unused bonus falls away, cards are released; what remains follows retention (C17).

Leaving one club of several leaves the others and the coalition as they are. With the last club goes the coalition, and
with it what identifies purchases: cards, accounts and the web-shop pair. All of it in one transaction; what the
declaration no longer lets us keep goes with the next retention run.
"""

from dataclasses import dataclass
from datetime import datetime

from tillit.audit.operations import append
from tillit.bonus.models import Programme
from tillit.bonus.operations import BOOKING, forfeit
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.membership import events
from tillit.parties import operations as parties
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship
from tillit.parties.queries import facts
from tillit.purchases.operations import recognise_in_web_shops, remove_instrument
from tillit.purchases.queries import instruments

ACTIVITY = "membership_administration"


@dataclass(frozen=True)
class Left:
    """Which memberships ended (controller ids), chain id → forfeited bonus (minor units), and how many cards went."""

    controllers: tuple[int, ...]
    forfeited: dict[int, int]
    instruments: int


def leave(
    *, subject_id: int, controller_id: int, at: datetime, reason: str = "own_wish", actor: Actor | None = None
) -> Left:
    """End the membership of one club at once; of the coalition too when no other club is left. Again: nothing more.

    `controller_id` of the coalition itself ends every membership. `reason`: a code. `actor`: who does it where it is
    not the member's own doing (staff ending a membership on breach of terms).
    """
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    everyone = frozenset(Controller.objects.filter(register_id=register_id).values_list("id", flat=True))
    holder = holder_of(controller_id=controller_id)
    person = frozenset({subject_id})
    acting, booking = actor or system("leave", everyone), system("leave", everyone)
    with Scope(acting, ACTIVITY, person) as scope:
        parties.wait_for_sets(subject_id=subject_id)
        people = same_person(subject_id)
        parties.lock_subjects(scope=scope, subject_ids=people)
        standing = Relationship.objects.filter(subject_id__in=people, kind="member", ended__isnull=True)
        memberships = set(standing.values_list("controller_id", flat=True))
        ending = _ending(memberships, controller_id, holder)
        if not ending:
            return Left((), {}, 0)
        with Scope(booking, BOOKING, person) as books:
            chains = Programme.objects.filter(chain__controller_id__in=ending).values_list("chain_id", flat=True)
            each = [forfeit(scope=books, subject_id=one, chain_ids=list(chains), at=at) for one in people]
            lost = {chain: sum(part.get(chain, 0) for part in each) for chain in chains}
        removed = 0
        if ending == memberships:
            removed = _release(scope, booking, subject_id, register_id, person, at)
        owner = dict(Programme.objects.values_list("chain_id", "chain__controller_id"))
        for one in sorted(ending):
            ties = list(standing.filter(controller_id=one).values_list("subject_id", "started"))
            ended = max(clock.local_date(at), *(started for _, started in ties))
            for tied, _ in ties:
                parties.end_relationship(
                    scope=scope, subject_id=tied, controller_id=one, kind="member", ended=ended, reason=reason
                )
            append(
                type=events.LEFT,
                scope=scope,
                controller=one,
                subject=subject_id,
                details={
                    "reason": reason,
                    "on": ended,
                    "forfeited": sum(amount for chain, amount in lost.items() if owner[chain] == one),
                },
            )
    return Left(tuple(sorted(ending)), lost, removed)


def _ending(memberships: set[int], leaving: int, holder: int) -> set[int]:
    """The memberships that end: the club's; all of them with the coalition or the last club."""
    if leaving not in memberships:
        return set()
    left = memberships - {leaving}
    return set(memberships) if leaving == holder or left <= {holder} else {leaving}


def _release(
    scope: Scope, booking: Actor, subject_id: int, register_id: int, person: frozenset[int], at: datetime
) -> int:
    """Take every card and account off the BonusID, and the web-shop pair; how many cards and accounts."""
    known = facts(subject_id=subject_id)
    if "phone" in known and "email" in known:
        pair = (known["phone"], known["email"])
        recognise_in_web_shops(scope=scope, subject_id=subject_id, register_id=register_id, before=pair)
    with Scope(booking, "bonus_earning", person) as earning:
        found = instruments(subject_id=subject_id)
        for one in found:
            remove_instrument(scope=earning, subject_id=subject_id, instrument_id=one.id, at=at)
    return len(found)
